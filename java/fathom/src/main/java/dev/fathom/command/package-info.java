/**
 * The commands through which all work reaches the kernels. One buffer of commands serves eager operations (one command)
 * and frozen plans (many), so there is one path to test. A command holds addresses, so the package is not exported.
 *
 * <p>Rejected: a typed native method for each kernel, which would need a second, generic path for plans.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.command;
