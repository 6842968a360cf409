/* What the translation units of the dialect matrix share. tests/dialects.rs compiles them in every dialect, and
 * generates functions.inc and constants.inc from the headers, so that new items are used too: FUNCTION(name) for
 * each function, NEGATIVE(name) or POSITIVE(name) for each constant. */
#ifndef JOBRING_TEST_DIALECTS_H
#define JOBRING_TEST_DIALECTS_H

/* Twice, and before any other header. */
#include "jobring.h"
#include "jobring.h"
#include "jobring_ext.h"
#include "jobring_ext.h"
#include "jobring_processes.h"
#include "jobring_processes.h"
#include "jobring_port.h"
#include "jobring_port.h"

/* Constants are for the preprocessor too. */
#if JOBRING_VERSION < 1 || JOBRING_ABI_VERSION < 1 || JOBRING_FOREVER != -1 || JOBRING_OK != 0 || JOBRING_E_INVALID >= 0
#error "a constant is not what the header says"
#endif
#if JOBRING_WORKERS_NONE != UINT32_MAX || JOBRING_SPIN_NONE != UINT32_MAX || JOBRING_GUARD_NONE != SIZE_MAX
#error "a constant is not what the header says"
#endif

enum { JOBS = 24, CREW = 2, ROOM = 64 };

typedef void (*any_function)(void);

#ifdef __cplusplus
extern "C" {
#endif

/* From the other translation unit: a function by its place in functions.inc, initial values, a static of its own. */
any_function function_elsewhere(size_t at);
jobring_config config_elsewhere(void);
jobring_submit_options options_elsewhere(void);
unsigned char *memory_elsewhere(size_t *size);

/* 0, or the line where something is not as it should be. */
int everything(void);

#ifdef __cplusplus
}
#endif

#endif
