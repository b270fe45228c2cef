/* signal.h - the three kinds of telemetry. */
#pragma once

enum sm_signal { SM_TRACES, SM_METRICS, SM_LOGS, SM_SIGNAL_COUNT };

/* Sets of signals, for component tables. */
enum { SM_SIGNAL_TRACES = 1u << SM_TRACES, SM_SIGNAL_METRICS = 1u << SM_METRICS, SM_SIGNAL_LOGS = 1u << SM_LOGS, SM_SIGNAL_ALL = 7u };

/* "traces", "metrics", "logs". */
static inline const char *sm_signal_name(enum sm_signal signal)
{
    return signal == SM_TRACES ? "traces" : signal == SM_METRICS ? "metrics" : "logs";
}
