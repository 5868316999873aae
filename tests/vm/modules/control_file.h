/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The file /sys/kernel/debug/MODULE/control, by which a test tells a simulated bus what to do: it
 * takes one line a write, and says its state when it is read.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#define CONTROL_LINE_MAX 80

/* Of the module: carries out one line, or returns a negative errno. */
static int control_line(const char *line);
/* Of the module: writes its state. */
static int control_show(struct seq_file *out, void *unused);

/* True for the next `*count` calls, and always for a negative count. */
static bool count_down(int *count)
{
	if (*count > 0)
		(*count)--;
	else if (*count == 0)
		return false;
	return true;
}

static struct dentry *control_folder;

static ssize_t control_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	char line[CONTROL_LINE_MAX];
	int failed;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	line[size] = 0;
	failed = control_line(line);
	return failed ? failed : size;
}

static int control_open(struct inode *inode, struct file *file)
{
	return single_open(file, control_show, NULL);
}

static const struct file_operations control_operations = {
	.owner = THIS_MODULE,
	.open = control_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = control_write,
	.release = single_release,
};

static void make_control_file(const char *module)
{
	control_folder = debugfs_create_dir(module, NULL);
	debugfs_create_file("control", 0600, control_folder, NULL, &control_operations);
}

static void remove_control_file(void)
{
	debugfs_remove_recursive(control_folder);
}
