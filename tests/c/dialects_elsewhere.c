/* The other translation unit, for C and C++ alike. */
#include "dialects.h"

#ifdef __cplusplus
#define FUNCTION(name) reinterpret_cast<any_function>(&name),
#else
#define FUNCTION(name) (any_function)&name,
#endif

static const any_function functions[] = {
#include "functions.inc"
};

any_function function_elsewhere(size_t at) { return functions[at]; }

jobring_config config_elsewhere(void) {
    jobring_config config = JOBRING_CONFIG_INIT;
    return config;
}

jobring_submit_options options_elsewhere(void) {
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    return options;
}

/* Of the same name as in the first unit: each has its own. */
JOBRING_STATIC_POOL(memory, JOBS, CREW, ROOM);

unsigned char *memory_elsewhere(size_t *size) {
    *size = sizeof memory;
    return memory;
}
