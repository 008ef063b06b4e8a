#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

// What OpenSSL offers as macros, which Swift doesn't see.

static inline int copenssl_count(const STACK_OF(X509) *chain) { return sk_X509_num(chain); }
static inline X509 *copenssl_at(const STACK_OF(X509) *chain, int index) { return sk_X509_value(chain, index); }

/// True if the oldest error is that no further PEM block was found: the end of the file.
static inline int copenssl_is_end_of_pem(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// RFC 2253 in UTF-8, with control characters escaped, and others than ASCII as they are.
static inline int copenssl_print(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

static inline long copenssl_memory(BIO *bio, char **text) { return BIO_get_mem_data(bio, text); }
