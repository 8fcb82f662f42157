#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* What OpenSSL offers as macros only. */
static inline void openssl_ctx_tls12_or_newer(SSL_CTX *ctx) { SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION); }
static inline void openssl_ctx_non_blocking_modes(SSL_CTX *ctx) {
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ctx, 1);
}
static inline int openssl_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }

/* Alternative names of a certificate; DNS names and URIs only: the length and the bytes of the others are 0. */
static inline void *openssl_alternative_names(const X509 *certificate) {
  return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline int openssl_alternative_name_count(void *names) { return sk_GENERAL_NAME_num((GENERAL_NAMES *)names); }
static inline int openssl_alternative_name(void *names, int index, const unsigned char **bytes) {
  int kind = 0;
  const ASN1_STRING *text = (const ASN1_STRING *)GENERAL_NAME_get0_value(sk_GENERAL_NAME_value((GENERAL_NAMES *)names, index), &kind);
  if (text == NULL || (kind != GEN_DNS && kind != GEN_URI)) return 0;
  *bytes = ASN1_STRING_get0_data(text);
  return ASN1_STRING_length(text);
}
static inline void openssl_free_alternative_names(void *names) { GENERAL_NAMES_free((GENERAL_NAMES *)names); }
static inline unsigned long openssl_rfc2253_flags(void) { return XN_FLAG_RFC2253; }
