package dev.fathom.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Where a run stands: what a checkpoint holds beside its tensors, as texts by name, {@code fathom.run.epoch} and so on,
 * and {@code fathom.setting.NAME} for each setting.
 *
 * @param settings what must be the same for the same bits, by name
 * @param epoch the epoch under way or just finished
 * @param step steps taken in it
 * @param examples seen in it
 * @param sums of loss and metrics, over these
 * @param seconds it has taken
 * @param counter of the random stream
 * @param trainable of each parameter
 * @param history the epochs finished
 * @param best the number of the best among them, from 0; -1 for none
 * @param kept whether its weights are here
 */
record Position(
        Map<String, String> settings,
        int epoch,
        int step,
        long examples,
        double[] sums,
        double seconds,
        long counter,
        boolean[] trainable,
        List<EpochLog> history,
        int best,
        boolean kept) {
    private static final String RUN = "fathom.run.";
    private static final String SETTING = "fathom.setting.";

    /** The texts, from which {@link #of} makes the same again: Java writes a double so that it reads the same back. */
    Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        settings.forEach((name, value) -> texts.put(SETTING + name, value));
        texts.put(RUN + "epoch", Integer.toString(epoch));
        texts.put(RUN + "step", Integer.toString(step));
        texts.put(RUN + "examples", Long.toString(examples));
        texts.put(RUN + "tally", lines(Arrays.stream(sums).mapToObj(Double::toString)));
        texts.put(RUN + "seconds", Double.toString(seconds));
        texts.put(RUN + "counter", Long.toString(counter));
        texts.put(RUN + "trainable", lines(IntStream.range(0, trainable.length).mapToObj(i -> "" + trainable[i])));
        for (int i = 0; i < history.size(); i++) {
            EpochLog e = history.get(i);
            Stream<Object> numbers = Stream.of(e.epoch(), e.learningRate(), e.seconds());
            Stream<Object> figures = e.values().entrySet().stream().map(v -> v.getKey() + "=" + v.getValue());
            texts.put(RUN + "history." + i, lines(Stream.concat(numbers, figures)));
        }
        texts.put(RUN + "best", Integer.toString(best));
        texts.put(RUN + "kept", Boolean.toString(kept));
        return texts;
    }

    private static String lines(Stream<?> values) {
        return values.map(String::valueOf).collect(Collectors.joining("\n"));
    }

    /**
     * Reads what {@link #texts} gave.
     *
     * @throws IllegalArgumentException if a text is missing or is not what it should be, with its name or what it says
     */
    static Position of(Map<String, String> texts) {
        Map<String, String> settings = new LinkedHashMap<>();
        texts.forEach((name, value) -> {
            if (name.startsWith(SETTING)) {
                settings.put(name.substring(SETTING.length()), value);
            }
        });
        List<EpochLog> history = new ArrayList<>();
        for (int i = 0; texts.containsKey(RUN + "history." + i); i++) {
            String[] lines = split(texts, "history." + i);
            if (lines.length < 3) {
                throw new IllegalArgumentException(RUN + "history." + i + " is cut short");
            }
            Map<String, Double> values = new LinkedHashMap<>();
            for (String line : Arrays.asList(lines).subList(3, lines.length)) {
                int equals = line.lastIndexOf('=');
                if (equals < 0) {
                    throw new IllegalArgumentException(RUN + "history." + i + " has a line without =");
                }
                values.put(line.substring(0, equals), Double.valueOf(line.substring(equals + 1)));
            }
            history.add(new EpochLog(
                    Integer.parseInt(lines[0]), Double.parseDouble(lines[1]), Double.parseDouble(lines[2]), values));
        }
        String[] flags = split(texts, "trainable");
        boolean[] trainable = new boolean[flags.length];
        for (int i = 0; i < flags.length; i++) {
            trainable[i] = Boolean.parseBoolean(flags[i]);
        }
        return new Position(
                settings,
                Integer.parseInt(text(texts, "epoch")),
                Integer.parseInt(text(texts, "step")),
                Long.parseLong(text(texts, "examples")),
                Arrays.stream(split(texts, "tally"))
                        .mapToDouble(Double::parseDouble)
                        .toArray(),
                Double.parseDouble(text(texts, "seconds")),
                Long.parseLong(text(texts, "counter")),
                trainable,
                history,
                Integer.parseInt(text(texts, "best")),
                Boolean.parseBoolean(text(texts, "kept")));
    }

    private static String text(Map<String, String> texts, String name) {
        String text = texts.get(RUN + name);
        if (text == null) {
            throw new IllegalArgumentException(RUN + name + " is missing");
        }
        return text;
    }

    private static String[] split(Map<String, String> texts, String name) {
        String all = text(texts, name);
        return all.isEmpty() ? new String[0] : all.split("\n");
    }
}
