#ifndef TOOLS_INSPECT_DIR_H
#define TOOLS_INSPECT_DIR_H

/*
 * Show the .pki files of directory ${path} as transactions, to standard
 * output: a block of text each, or with ${json} an object a line.  Links,
 * special files and names that begin with a dot are passed over.  Of each
 * file only a small record is kept.  Returns the exit status: 1 if anything
 * is odd.
 */
int	inspect_dir(const char *path, int json);

#endif
