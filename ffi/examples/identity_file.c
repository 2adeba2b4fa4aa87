#include "identity_file.h"

#include <errno.h>

#include "console.h"

int identity_load(const char *path, const buffer *material, provkey_identity **identity)
{
    buffer file = {0};
    provkey_error *error = NULL;
    if (file_read(path, &file) != 0)
        return errno == ENOENT ? DONE : fail_file(path);
    provkey_status status =
        material->len > 0
            ? provkey_identity_open(file.data, file.len, material->data, material->len, identity,
                                    &error)
            : provkey_identity_from_bytes(file.data, file.len, identity, &error);
    buffer_wipe(&file);
    return status == PROVKEY_STATUS_OK ? DONE : fail(error);
}

int identity_save(const char *path, const buffer *material, const provkey_identity *identity)
{
    provkey_bytes *file = NULL;
    provkey_error *error = NULL;
    provkey_status status =
        material->len > 0
            ? provkey_identity_seal(identity, material->data, material->len, NULL, &file, &error)
            : provkey_identity_to_bytes(identity, &file, &error);
    if (status != PROVKEY_STATUS_OK)
        return fail(error);
    int outcome = file_write(path, file->data, file->len) == 0 ? DONE : fail_file(path);
    provkey_bytes_free(file);
    return outcome;
}
