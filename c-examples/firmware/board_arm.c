/* A Cortex-M4F: QEMU's mps2-an386. Prints and ends by semihosting; SysTick is the tick. */

#include "board.h"
#include <stdint.h>

#define SYSTICK ((volatile uint32_t *)0xE000E010u)
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define SYS_WRITE0 4u
#define SYS_EXIT_EXTENDED 0x20u
#define STOPPED_BY_APPLICATION 0x20026u

/* The linker script's. The first is a value of the vector table, and so declared as the others there. */
extern void stack_top(void);
extern uint32_t data_from[], data_begin[], data_end[], bss_begin[], bss_end[];

static uint32_t semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_print(const char *text)
{
    semihosting(SYS_WRITE0, text);
}

_Noreturn void board_exit(int status)
{
    const uint32_t how[2] = { STOPPED_BY_APPLICATION, (uint32_t)status };
    for (;;)
        semihosting(SYS_EXIT_EXTENDED, how);
}

void board_ticks_on(void)
{
    SYSTICK[1] = 2500 - 1; /* 25 MHz: 10,000 a second */
    SYSTICK[2] = 0;
    SYSTICK[0] = 7; /* the core's clock, with interrupt, on */
}

void board_ticks_off(void)
{
    SYSTICK[0] = 0;
}

/* An interrupt that comes between the look and WFI is pending, and ends it, though it is masked. */
void board_sleep_unless(const volatile int *flag)
{
    __asm__ volatile("cpsid i" : : : "memory");
    if (!*flag)
        __asm__ volatile("dsb\n\twfi" : : : "memory");
    __asm__ volatile("cpsie i\n\tisb" : : : "memory");
}

static void trapped(void)
{
    board_print("a fault\n");
    board_exit(3);
}

static void reset(void)
{
    CPACR |= 0xFu << 20; /* the FPU: the archive was built for one */
    __asm__ volatile("dsb\n\tisb");
    const uint32_t *from = data_from;
    for (uint32_t *word = data_begin; word < data_end; word++)
        *word = *from++;
    for (volatile uint32_t *word = bss_begin; word < (volatile uint32_t *)bss_end; word++)
        *word = 0;
    board_exit(main());
}

/* The first 16 words of the code: the stack, and what is called for each exception. */
__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    stack_top, reset, trapped, trapped, trapped, trapped, trapped, 0, 0, 0, 0,
    trapped, trapped, 0, trapped, tick,
};
