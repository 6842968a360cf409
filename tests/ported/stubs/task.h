/* As FreeRTOS.h beside this file. */
#ifndef STUB_TASK_H
#define STUB_TASK_H

#include "FreeRTOS.h"

#define tskIDLE_PRIORITY ((UBaseType_t)0)

typedef struct stub_task *TaskHandle_t;
typedef void (*TaskFunction_t)(void *);
typedef struct {
    BaseType_t xOverflowCount;
    TickType_t xTimeOnEntering;
} TimeOut_t;
TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t depth, void *parameters, UBaseType_t priority,
                               StackType_t *stack, StaticTask_t *memory);
void vTaskDelete(TaskHandle_t task);
void vTaskDelay(TickType_t ticks);
void vTaskSuspend(TaskHandle_t task);
void vTaskSetTimeOutState(TimeOut_t *state);
void vTaskSetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index, void *value);
void *pvTaskGetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index);

#endif
