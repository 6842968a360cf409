/* For tests/ported.rs: the calls of FreeRTOS that c-examples/ports/freertos.md makes, declared as its documentation does. */
#ifndef STUB_FREERTOS_H
#define STUB_FREERTOS_H

#include <stddef.h>
#include <stdint.h>

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef uint32_t StackType_t;
typedef struct { void *insides[10]; } StaticSemaphore_t;
typedef struct { void *insides[30]; } StaticTask_t;

#define pdFALSE ((BaseType_t)0)
#define portMAX_DELAY ((TickType_t)0xffffffffUL)
#define configTICK_RATE_HZ ((TickType_t)1000)
#define portYIELD_FROM_ISR(woken) ((void)(woken))

#endif
