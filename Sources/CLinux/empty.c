// SwiftPM wants one source file in a C target; CLinux is its header.
