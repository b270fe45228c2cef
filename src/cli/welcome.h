/* welcome.h - one screen for who runs the program for the first time. */
#pragma once

struct sm_config;

/* What listens and sends where, and a command to try, to standard output. */
void sm_welcome_print(const struct sm_config *config);
