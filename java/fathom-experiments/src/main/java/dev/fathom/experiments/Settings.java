package dev.fathom.experiments;

import dev.fathom.data.Batches;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How the trainings of a run were set, which stands at the end of its page: trainings that differ in nothing but their
 * names share a row. Several threads may add trainings.
 */
final class Settings {
    private static final List<String> HEADER = List.of("training", "network", "settings", "batches", "epochs");
    /** What a trainer says that a reader does not need here. */
    private static final List<String> LEFT_OUT =
            List.of("model", "callbacks", "checkpoints", "metrics", "resumed from");
    /** What it says where there is nothing to tell. */
    private static final List<String> EMPTY =
            List.of("loss: that of a custom step", "schedule: a function of epochs and steps");

    private static final int MOST = 24;

    private final Map<List<String>, Set<String>> names = new LinkedHashMap<>();

    /** Adds a training. */
    synchronized void add(String name, Trainer<?> trainer, Batches batches, int epochs) {
        List<String> said =
                trainer.toString().lines().skip(1).map(String::strip).toList();
        String network = said.get(0).replaceAll("model: Model of a |( in \\d+ tensors)|, \\d+ buffers.*", "");
        String settings = said.stream()
                .filter(line -> !LEFT_OUT.contains(line.split(":", 2)[0]) && !EMPTY.contains(line))
                .map(line -> line.replace("optimizer: ", "")
                        .replaceAll("Formula\\[name=(.*), outputs=.*, settings=\\[(.*)]]", "$1 $2")
                        .strip())
                .collect(Collectors.joining("; "));
        List<String> row = List.of(network, settings, batches.toString(), String.valueOf(epochs));
        names.computeIfAbsent(row, r -> new LinkedHashSet<>()).add(name);
    }

    /** The rows, of which no more than {@value #MOST} are shown; none where nothing was trained. */
    synchronized List<List<String>> rows() {
        return names.entrySet().stream()
                .limit(MOST)
                .map(e -> {
                    List<String> row = new ArrayList<>(List.of(named(List.copyOf(e.getValue()))));
                    row.addAll(e.getKey());
                    return row;
                })
                .toList();
    }

    private static String named(List<String> all) {
        return all.size() <= 4
                ? String.join(", ", all)
                : all.get(0) + " to " + all.get(all.size() - 1) + " (" + all.size() + " trainings)";
    }

    /** Adds the section to a page. */
    void write(Findings page) {
        List<List<String>> rows = rows();
        if (!rows.isEmpty()) {
            int more = names.size() - rows.size();
            page.section("Settings", more == 0 ? "" : "The first " + MOST + " of " + names.size() + " settings.")
                    .add(new Findings.Table(HEADER, rows));
        }
    }
}
