package dev.fathom.labs.commands;

import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.Comparison;
import dev.fathom.labs.experiments.Lab;
import dev.fathom.labs.training.Entry;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.labs.training.Outcome;
import dev.fathom.labs.training.Training;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom lab NAME}: trains the networks of a {@link Lab} one after the other; without a name, lists the labs. */
@Command(
        name = "lab",
        description = "Runs an experiment: networks on the same images, beside what is published of them.",
        sortOptions = false)
public final class LabCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "Which one; --list says what there is.")
    private @Nullable String name;

    @Option(names = "--list", description = "Says what each lab shows.")
    private boolean list;

    @Option(
            names = "--short",
            description = "A part of the images and few epochs: within a minute, to see that all works.")
    private boolean brief;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            description = "Where the images are, if not where ./fathom data puts them.")
    private @Nullable Path data;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "How often every image is seen (each network's own number).")
    private @Nullable Integer epochs;

    @Mixin
    private Options options = new Options();

    public LabCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (name == null || list) {
            Lab.ALL.forEach(lab -> out.printf("./fathom lab %-11s %s%n", lab.name(), lab.shows()));
            return 0;
        }
        Lab lab = Lab.ALL.stream()
                .filter(l -> l.name().equals(name))
                .findFirst()
                .orElseThrow(() -> options.misuse("there is no lab " + name + "; there are "
                        + Lab.ALL.stream().map(Lab::name).collect(Collectors.joining(", "))));
        if (epochs != null) {
            options.atLeastOne("--epochs", epochs);
        }
        Path folder = options.prepare("lab/" + lab.name());
        try (Interrupt interrupt = Interrupt.install(err);
                Images all = lab.images(data).images(data, options.seed())) {
            Images images = brief ? all.first(lab.briefImages()) : all;
            return run(lab, images.normalised(), folder, interrupt);
        }
    }

    private int run(Lab lab, Images images, Path folder, Interrupt interrupt) {
        Training training = new Training(out, err, interrupt, options.seed(), options.resume());
        training.say(
                "%s: %,d images to learn from, %,d to choose the best epoch by, %,d for the test",
                images.title(),
                images.learn().size(),
                images.choose().size(),
                images.test().size());
        IntUnaryOperator asked = whole -> epochs != null ? epochs : brief ? lab.briefEpochs() : whole;
        List<Entry> entries = lab.entries(images, asked);
        List<Images> seen =
                entries.stream().map(entry -> entry.view().apply(images)).toList();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.recipe().batch() > seen.get(i).learn().size()) {
                throw new IllegalArgumentException(
                        entry.name() + " learns batches of " + entry.recipe().batch() + " images but there are "
                                + seen.get(i).learn().size() + "; give a folder with more");
            }
        }
        List<Outcome> outcomes = new ArrayList<>();
        try {
            for (int i = 0; i < entries.size(); i++) {
                Entry entry = entries.get(i);
                training.say("%n== %s", entry.name());
                Outcome outcome = training.run(entry, seen.get(i), lab.every(), folder.resolve(entry.folder()));
                if (outcome != null) {
                    outcomes.add(outcome);
                }
                if (interrupt.requested()) {
                    break;
                }
            }
            if (!outcomes.isEmpty()) {
                training.say("");
                boolean finished = outcomes.size() == entries.size() && !interrupt.requested();
                new Comparison(lab, images, outcomes, brief, !brief && epochs == null)
                        .write(folder, out, finished, options.seed(), interrupt);
                training.say("All of it on one page: %s", folder.resolve("report.html"));
            }
        } finally {
            outcomes.forEach(Outcome::close);
            Set<Images> made = Collections.newSetFromMap(new IdentityHashMap<>());
            made.addAll(seen);
            made.stream().filter(view -> view != images).forEach(Images::close);
        }
        return interrupt.requested() ? Interrupt.CODE : 0;
    }
}
