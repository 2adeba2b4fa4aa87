/* The file of a journal: a sequence of frames, each a number of changes that were reported together.
 * A frame that was cut short by a crash was not reported, and is dropped. Anything else that is wrong
 * is damage, and is never passed over: a use could be forgotten. */
#ifndef FRAMES_H
#define FRAMES_H

#include <provkey.h>

#include "files.h"

/* Stands for the type of a record that goes. */
enum { FRAME_DELETED = 0 };

/* Adds a change to the frame that is being made. 0, or -1 if there is no memory. */
int frame_add(buffer *frame, const provkey_record *change);

/* Appends a frame to the file, durably. 0, or -1 with errno. */
int frame_write(int file, const buffer *frame);

/* Hands over each change that the file holds, in order. How many bytes of the file are whole frames;
 * -1, with errno, if it is damaged (EBADMSG), or if a change could not be carried out. */
int64_t frames_replay(const buffer *file, int (*carry_out)(void *context, const provkey_record *change),
                      void *context);

#endif
