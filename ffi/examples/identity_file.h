/* The identity of a connector in a file that only its owner may read. It is sealed to `material`
 * unless that is empty. */
#ifndef IDENTITY_FILE_H
#define IDENTITY_FILE_H

#include <provkey.h>

#include "files.h"

/* Reads an identity. DONE with NULL if there is no such file. */
int identity_load(const char *path, const buffer *material, provkey_identity **identity);

/* Writes an identity, durably and atomically. */
int identity_save(const char *path, const buffer *material, const provkey_identity *identity);

#endif
