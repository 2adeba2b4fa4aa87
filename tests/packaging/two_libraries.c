// A program with two static libraries made of Rust.
#include <provkey.h>

int other_answer(void);

int main(void) {
    const char text[] = "pvk1_";
    provkey_provisioning_key *key = 0;
    provkey_status read = provkey_provisioning_key_read((const uint8_t *)text, sizeof text - 1, &key, 0);
    return other_answer() == 42 && read == PROVKEY_STATUS_KEY_TRUNCATED ? 0 : 1;
}
