#include <sqlite3.h>

/* sqlite3_db_config() takes a variable argument list, which Swift can't call. With `keep` set, closing the last
 * connection leaves the write-ahead log as it is, instead of folding it into the database and removing it. */
static inline int courtyard_keep_log_on_close(sqlite3 *database, int keep) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, (int *)0);
}
