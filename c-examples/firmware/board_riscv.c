/* A 32-bit RISC-V: QEMU's virt, one hart. Prints on its UART, ends by its test device; the hart's timer is the tick. */

#include "board.h"
#include <stdint.h>

#define UART (*(volatile uint8_t *)0x10000000u)
#define FINISHER (*(volatile uint32_t *)0x00100000u)
#define MTIMECMP ((volatile uint32_t *)0x02004000u)
#define MTIME ((volatile uint32_t *)0x0200BFF8u)
#define TIMER_CAUSE 0x80000007u
#define TIMER_ENABLE 0x80u

extern uint32_t bss_begin[], bss_end[];

void board_print(const char *text)
{
    while (*text != '\0')
        UART = (uint8_t)*text++;
}

_Noreturn void board_exit(int status)
{
    for (;;)
        FINISHER = status == 0 ? 0x5555u : (uint32_t)status << 16 | 0x3333u;
}

/* The next tick, 100 us from now at 10 MHz. The upper half waits out of the way. */
static void next_tick(void)
{
    uint32_t high, low;
    do {
        high = MTIME[1];
        low = MTIME[0];
    } while (high != MTIME[1]);
    uint64_t then = ((uint64_t)high << 32 | low) + 1000;
    MTIMECMP[1] = UINT32_MAX;
    MTIMECMP[0] = (uint32_t)then;
    MTIMECMP[1] = (uint32_t)(then >> 32);
}

void board_ticks_on(void)
{
    next_tick();
    __asm__ volatile("csrs mie, %0" : : "r"(TIMER_ENABLE) : "memory");
    __asm__ volatile("csrsi mstatus, 8" : : : "memory");
}

void board_ticks_off(void)
{
    __asm__ volatile("csrc mie, %0" : : "r"(TIMER_ENABLE) : "memory");
}

/* An interrupt that comes between the look and WFI is pending, and ends it, though it is masked. */
void board_sleep_unless(const volatile int *flag)
{
    __asm__ volatile("csrci mstatus, 8" : : : "memory");
    if (!*flag)
        __asm__ volatile("wfi" : : : "memory");
    __asm__ volatile("csrsi mstatus, 8" : : : "memory");
}

__attribute__((interrupt("machine"), aligned(4))) static void trapped(void)
{
    uint32_t cause;
    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (cause != TIMER_CAUSE) {
        board_print("a trap\n");
        board_exit(3);
    }
    next_tick();
    tick();
}

__attribute__((used)) static void reset(void)
{
    for (volatile uint32_t *word = bss_begin; word < (volatile uint32_t *)bss_end; word++)
        *word = 0;
    __asm__ volatile("csrw mtvec, %0" : : "r"((uint32_t)(uintptr_t)trapped));
    board_exit(main());
}

__attribute__((naked, used, section(".start"))) void start(void)
{
    __asm__ volatile("la sp, stack_top\n\tj reset");
}
