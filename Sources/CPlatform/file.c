// Writing a file so that its name never shows half of it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/platform.h"

struct dlp_new_file {
  int fd;
  char *path;
  char *temporary;  // NULL: a pipe or device, written directly
};

static void destroy(dlp_new_file *file) {
  if (file->fd >= 0) close(file->fd);
  free(file->path);
  free(file->temporary);
  free(file);
}

// A new file beside path, with a name nobody has.
static int open_temporary(dlp_new_file *file) {
  size_t capacity = strlen(file->path) + 40;
  file->temporary = malloc(capacity);
  if (!file->temporary) return ENOMEM;
  for (int attempt = 0; attempt < 1000; attempt++) {
    snprintf(file->temporary, capacity, "%s.%ld-%d.tmp", file->path, (long)getpid(), attempt);
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->fd >= 0) return 0;
    if (errno != EEXIST && errno != EINTR) return errno;
  }
  return EEXIST;
}

int dlp_create_file(const char *path, dlp_new_file **result) {
  struct stat info;
  dlp_new_file *file = calloc(1, sizeof *file);
  if (!file) return ENOMEM;
  file->fd = -1;
  int code = 0;
  int exists = stat(path, &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    code = EISDIR;
  } else if (exists && !S_ISREG(info.st_mode)) {
    file->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (file->fd < 0) code = errno;
  } else {
    // A symbolic link stays one: the file it names is replaced.
    file->path = exists ? realpath(path, NULL) : strdup(path);
    code = file->path ? open_temporary(file) : errno;
  }
  if (code) {
    destroy(file);
    return code;
  }
  *result = file;
  return 0;
}

int dlp_write(dlp_new_file *file, const void *data, size_t size) {
  const char *at = data;
  while (size > 0) {
    ssize_t written = write(file->fd, at, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    at += written;
    size -= (size_t)written;
  }
  return 0;
}

// The new name reaches the disk with the folder that holds it.
static void sync_folder(char *path) {
  char *slash = strrchr(path, '/');
  if (slash) slash[slash == path ? 1 : 0] = 0;
  int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);  // some file systems cannot; the file itself is safe by now
  close(fd);
}

int dlp_commit_file(dlp_new_file *file) {
  int code = 0;
  if (file->temporary) {
    if (fsync(file->fd) != 0) code = errno;
    if (close(file->fd) != 0 && !code) code = errno;
    file->fd = -1;
    if (!code && rename(file->temporary, file->path) != 0) code = errno;
    if (code) {
      unlink(file->temporary);
    } else {
      sync_folder(file->path);
    }
  }
  destroy(file);
  return code;
}

void dlp_abandon_file(dlp_new_file *file) {
  if (file->temporary) unlink(file->temporary);
  destroy(file);
}
