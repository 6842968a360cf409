/* What the firmware asks of the board that it runs on: board_arm.c and board_riscv.c. */

#ifndef BOARD_H
#define BOARD_H

/* Writes to whoever watches. */
void board_print(const char *text);

/* Ends the run: 0 is a success. */
_Noreturn void board_exit(int status);

#define BOARD_TICK_NS 100000u
/* Calls tick() in an interrupt, every BOARD_TICK_NS, until board_ticks_off(). */
void board_ticks_on(void);
void board_ticks_off(void);

/* Sleeps until an interrupt comes, unless `flag` is set already. Not from an interrupt. */
void board_sleep_unless(const volatile int *flag);

/* Ours: what the boards call. */
void tick(void);
int main(void);

#endif
