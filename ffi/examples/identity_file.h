/* The identity of a connector in a file that only its owner may read. `material`: what it is sealed
 * to; empty: it is not sealed. */
#ifndef IDENTITY_FILE_H
#define IDENTITY_FILE_H

#include <provkey.h>

#include "files.h"

/* Reads it. DONE and NULL if there is no such file. */
int identity_load(const char *path, const buffer *material, provkey_identity **identity);

/* Writes it: durably, and the new one is there or the old one. */
int identity_save(const char *path, const buffer *material, const provkey_identity *identity);

#endif
