/* For tests/ported.rs: the calls of Zephyr that c-examples/ports/zephyr.md makes, declared as its documentation does. */
#ifndef STUB_ZEPHYR_KERNEL_H
#define STUB_ZEPHYR_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define ARG_UNUSED(x) (void)(x)

typedef struct { int64_t ticks; } k_timeout_t;
#define K_FOREVER ((k_timeout_t){-1})
#define K_NO_WAIT ((k_timeout_t){0})
#define K_NSEC(t) ((k_timeout_t){(t)})
#define K_TICKS(t) ((k_timeout_t){(t)})
int32_t k_sleep(k_timeout_t timeout);
int64_t k_uptime_ticks(void);
uint64_t k_ticks_to_ns_floor64(uint64_t ticks);

struct k_sem { void *insides[4]; };
int k_sem_init(struct k_sem *sem, unsigned int initial_count, unsigned int limit);
int k_sem_take(struct k_sem *sem, k_timeout_t timeout);
void k_sem_give(struct k_sem *sem);

struct k_thread { void *insides[32]; };
typedef struct k_thread *k_tid_t;
typedef struct { char data; } k_thread_stack_t;
typedef void (*k_thread_entry_t)(void *p1, void *p2, void *p3);
#define K_THREAD_STACK_ARRAY_DEFINE(name, count, size) static k_thread_stack_t name[count][size]
#define K_THREAD_STACK_SIZEOF(stack) sizeof(stack)
k_tid_t k_thread_create(struct k_thread *thread, k_thread_stack_t *stack, size_t stack_size, k_thread_entry_t entry, void *p1,
                        void *p2, void *p3, int prio, uint32_t options, k_timeout_t delay);
int k_thread_join(struct k_thread *thread, k_timeout_t timeout);
void k_thread_custom_data_set(void *value);
void *k_thread_custom_data_get(void);

#endif
