package dev.fathom.labs;

import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.training.Interrupt;
import java.io.PrintStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A lab that a person stops by Ctrl-C. */
public final class Interrupted {
    private Interrupted() {}

    /** The short form with one epoch, interrupted when it prints a line that contains {@code words}. */
    public static Result at(String words, Experiment lab, @Nullable Path data, Path folder) {
        PrintStream nowhere = new PrintStream(PrintStream.nullOutputStream());
        try (Interrupt interrupt = Interrupt.install(nowhere)) {
            PrintStream out = new PrintStream(PrintStream.nullOutputStream()) {
                @Override
                public void println(String line) {
                    if (line.contains(words)) {
                        interrupt.request();
                    }
                }
            };
            return lab.run(new Run(true, 1, 1, false, data, null, folder, interrupt, out, nowhere));
        }
    }
}
