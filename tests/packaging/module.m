// The header as a module, as Swift and Objective-C take it.
@import provkey;

int abi_agrees(void) {
    return provkey_abi_version() == PROVKEY_ABI_VERSION;
}
