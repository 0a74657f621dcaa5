/* The licensing service of this machine (spec/control.md). */
#ifndef MUSTER_CONTROL_H
#define MUSTER_CONTROL_H

#include "system.h"

/* Has the service of a state folder do something with an edition, and waits for its answer. False: no service listens.
 * *error: 0, what the service says, SERVICE_NOT_RUNNING where it went away, MESSAGE_MALFORMED where it speaks something else. */
bool mu_control_ask(const char *folder, const char *operation, const char *edition, int *error);

/* The error in an answer: 0 where it holds none, MESSAGE_MALFORMED where it is no answer to an attempt. */
int mu_control_judge(mu_span answer);
/* The JSON of a request: its size, 0 where there is no room for it. */
size_t mu_control_request(const char *operation, const char *edition, char *to, size_t room);

#endif
