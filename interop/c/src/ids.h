/* Ids that people and files carry to the vendor and back (spec/installation.md, confirmation.md, humanid.md). */
#ifndef MUSTER_IDS_H
#define MUSTER_IDS_H

#include "machine.h"

enum { MU_INSTALLATION_MACHINE = 24, MU_INSTALLATION_OTHER = 45, MU_LARGEST_CONFIRMATION = 83, MU_TAG_SIZE = 4 };

typedef struct {
    uint32_t kind; /* 0 machine, 1 host, 2 directory */
    mu_span reference, tag;
} mu_installation;

/* INSTALLATION_ID_MALFORMED */
int mu_installation_read(mu_span packed, mu_installation *found);
/* Whether whoever made the id knew the key's K. */
bool mu_installation_tag_holds(mu_span packed, mu_span secret);

/* Digits as people type them, to the packed id: *size bytes. On an error *group names the wrong one, 0 where none is known. */
int mu_installation_digits(mu_span typed, uint8_t packed[MU_INSTALLATION_OTHER], size_t *size, int *group);
int mu_confirmation_digits(mu_span typed, uint8_t packed[MU_LARGEST_CONFIRMATION], size_t *size, int *group);
/* The same packed id as groups of digits. `text` has room for MU_DIGITS_MOST characters and the end. */
enum { MU_DIGITS_MOST = 34 * 8 };
void mu_installation_spell(mu_span packed, char *text);
void mu_confirmation_spell(mu_span packed, char *text);

/* Files in armour; spans point into *bytes, which is the caller's to free whatever came of it. MESSAGE_MALFORMED. */
int mu_installation_file(mu_span text, uint8_t **bytes, mu_span *installation);
int mu_confirmation_file(mu_span text, uint8_t **bytes, mu_span *installation, mu_span *confirmation);

/* The certificate that a confirmation of a host or a directory stands for: allocated by `to`. */
int mu_confirmation_certificate(mu_span confirmation, mu_span subject, uint32_t scope, const mu_keyset *keyset, mu_writer *to);

#endif
