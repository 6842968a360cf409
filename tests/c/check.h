/* What the programs of this folder share: a check that ends the program, and a time that turns a hang into a failure. */
#ifndef JOBRING_TEST_CHECK_H
#define JOBRING_TEST_CHECK_H

#include "jobring.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                 \
            exit(1);                                                                                \
        }                                                                                           \
    } while (0)
#define OK(call) CHECK((call) == JOBRING_OK)

/* A wait that ends. */
static const int64_t LONG = INT64_C(120) * 1000 * 1000 * 1000;

#endif
