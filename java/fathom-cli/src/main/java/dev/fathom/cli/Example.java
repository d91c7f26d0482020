package dev.fathom.cli;

import dev.fathom.examples.E01Tensor;
import dev.fathom.examples.E02Gradient;
import dev.fathom.examples.E03Op;
import dev.fathom.examples.E04Layer;
import dev.fathom.examples.E05Training;
import dev.fathom.examples.E06Gan;
import dev.fathom.examples.E07Transfer;
import dev.fathom.examples.E08Serving;
import dev.fathom.examples.E09Resuming;
import dev.fathom.examples.E10Images;
import dev.fathom.examples.E11Shakespeare;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code fathom example N}: runs one of the numbered examples, which print to the terminal; without a number, lists
 * them.
 */
@Command(name = "example", description = "Runs one of a course of small programs; without a number, lists them.")
public final class Example implements Callable<Integer> {
    /**
     * One program.
     *
     * @param source its class
     * @param shows what it is about
     * @param main what to call
     */
    record Program(Class<?> source, String shows, Main main) {}

    /** A main method. */
    interface Main {
        void run(String[] args) throws Exception;
    }

    /** Those that run here; the script starts the one after them, which needs Spark. */
    static final List<Program> ALL = List.of(
            new Program(E01Tensor.class, "tensors and passes", E01Tensor::main),
            new Program(E02Gradient.class, "gradients", E02Gradient::main),
            new Program(E03Op.class, "an op of one's own", E03Op::main),
            new Program(E04Layer.class, "a layer of one's own", E04Layer::main),
            new Program(E05Training.class, "training", E05Training::main),
            new Program(E06Gan.class, "a loop of one's own: a GAN", E06Gan::main),
            new Program(E07Transfer.class, "a new head on a trained trunk", E07Transfer::main),
            new Program(E08Serving.class, "freezing and serving", E08Serving::main),
            new Program(E09Resuming.class, "saving and resuming", E09Resuming::main),
            new Program(E10Images.class, "a folder of pictures, augmented", E10Images::main),
            new Program(E11Shakespeare.class, "an LSTM that learns Shakespeare and goes on", E11Shakespeare::main));

    private final PrintStream out;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "N", description = "The number of the example.")
    private @Nullable Integer number;

    @Mixin
    Help help;

    public Example(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() throws Exception {
        if (number == null) {
            for (int i = 0; i < ALL.size(); i++) {
                list(i + 1, ALL.get(i).shows());
            }
            list(ALL.size() + 1, "a model on Spark, which it fetches first");
            return 0;
        }
        if (number < 1 || number > ALL.size()) {
            throw new ParameterException(spec.commandLine(), "example " + number + ": choose 1 to " + ALL.size());
        }
        Program program = ALL.get(number - 1);
        out.println(path(program) + "\n");
        program.main().run(new String[0]);
        return 0;
    }

    private void list(int i, String shows) {
        out.printf("./fathom example %-2d  %s%n", i, shows);
    }

    /** Where its source lies in the project. */
    static String path(Program program) {
        return "java/fathom-cli/src/main/java/" + program.source().getName().replace('.', '/') + ".java";
    }
}
