package dev.fathom.cli;

import dev.fathom.experiments.data.Download;
import dev.fathom.experiments.data.ZooModel;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom model NAME}: fetches the files of a pretrained model into the cache folder. */
@Command(
        name = "model",
        description =
                "Fetches a pretrained model into the cache folder and says how to load it, or lists what there is.",
        sortOptions = false)
public final class ModelCommand implements Callable<Integer> {
    private final PrintStream out;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "A model of the list.")
    private @Nullable String name;

    @Option(
            names = "--from",
            paramLabel = "PLACE",
            description = "A folder of this machine, or one on the web, with the same files; their content is still"
                    + " checked.")
    private @Nullable String from;

    @Mixin
    Help help;

    public ModelCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        List<ZooModel> all = ZooModel.all();
        if (name == null) {
            for (ZooModel model : all) {
                out.printf(
                        "%-16s %8s  %-26s %s%n",
                        model.name(), Fetched.size(model.bytes()), model.license(), model.what());
            }
            out.println("\n./fathom model NAME fetches one; those that are in FATHOM_DATA are read there.");
            return 0;
        }
        ZooModel model = all.stream()
                .filter(m -> m.name().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "'" + name + "' is none of "
                                + String.join(
                                        ", ", all.stream().map(ZooModel::name).toList())));
        out.println(model.name() + ": " + model.what() + "; license " + model.license());
        Optional<Path> there = model.place();
        Path folder = there.orElseGet(model::cache);
        Fetched files = new Fetched(out);
        if (there.isPresent()) {
            model.files().forEach(f -> files.say(f.path(), folder.resolve(f.path()), "is there, sha256 as known"));
        } else {
            bring(model, folder, files);
        }
        out.printf("%nIn %s; in Java, with that folder:%n  %s%n", folder, model.load());
        return 0;
    }

    private void bring(ZooModel model, Path folder, Fetched files) {
        boolean web = from != null && from.matches("[a-z]+://.*");
        if (from == null) {
            List<String> made = model.files().stream()
                    .filter(f -> f.address() == null)
                    .map(ZooModel.Part::path)
                    .toList();
            if (!made.isEmpty()) {
                throw new IllegalStateException(made + " were made of published weights and have no address; put them"
                        + " into " + folder + ", or name a folder that has them with --from");
            }
        } else if (!web && !Files.isDirectory(Path.of(from))) {
            throw new ParameterException(
                    spec.commandLine(), "--from " + from + " is neither a folder nor an address of http or https");
        }
        for (ZooModel.Part file : model.files()) {
            Path to = folder.resolve(file.path());
            if (from != null && !web) {
                boolean copied = Download.copy(Path.of(from).resolve(file.path()), to, file.content());
                files.say(file.path(), to, (copied ? "copied" : "is there") + ", sha256 as known");
            } else {
                URI address = from == null
                        ? file.address()
                        : Data.folder(URI.create(from)).resolve(file.path());
                if (address != null) {
                    files.fetch(address, to, file.path(), file.content(), "sha256 as known");
                }
            }
        }
    }
}
