package dev.fathom.cli;

import picocli.CommandLine.Option;

/** The option {@code --help}, which every command has. */
final class Help {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this help.")
    boolean asked;
}
