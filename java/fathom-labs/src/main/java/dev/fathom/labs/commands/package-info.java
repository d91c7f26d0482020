/**
 * The commands of {@code ./fathom}, one class for each, with the options that several of them share
 * ({@link dev.fathom.labs.commands.Options}, {@link dev.fathom.labs.commands.Folder}).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.commands;
