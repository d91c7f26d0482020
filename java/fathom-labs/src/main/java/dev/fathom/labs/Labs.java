package dev.fathom.labs;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.data.DataSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** The labs that there are: what {@code META-INF/services} names as an {@link Experiment}. */
public final class Labs {
    /** All of them, in the order of the file that names them. */
    public static final List<Experiment> ALL =
            ServiceLoader.load(Experiment.class, Labs.class.getClassLoader()).stream()
                    .map(ServiceLoader.Provider::get)
                    .toList();

    private Labs() {}

    /** The data sets that labs read, each once. */
    public static List<DataSet> data() {
        Map<String, DataSet> all = new LinkedHashMap<>();
        ALL.forEach(lab -> lab.reads().forEach(set -> all.putIfAbsent(set.name(), set)));
        return List.copyOf(all.values());
    }

    /** What each shows, by its name, in their order. */
    public static Map<String, String> shown() {
        Map<String, String> all = new LinkedHashMap<>();
        ALL.forEach(lab -> all.put(lab.name(), lab.shows()));
        return all;
    }
}
