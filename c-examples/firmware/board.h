/* What the firmware asks of the board that it runs on: board_arm.c and board_riscv.c. */

#ifndef BOARD_H
#define BOARD_H

/* Writes to whoever watches. */
void board_print(const char *text);

/* Ends the run: 0 is a success. */
_Noreturn void board_exit(int status);

/* Calls tick() in an interrupt, some thousand times a second, until board_ticks_off(). */
void board_ticks_on(void);
void board_ticks_off(void);

/* Ours: what the boards call. */
void tick(void);
int main(void);

#endif
