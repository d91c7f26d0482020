package dev.fathom.experiments.data;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.files.Npz;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** Stand-ins for the four collections of {@link OutlierData}: waves of one period, with one odd stretch each. */
final class OutlierStandIns {
    private static final int PERIOD = 180;

    private OutlierStandIns() {}

    /** A wave with a beat in each period and noise; from {@code first} to {@code last} it is upside down. */
    private static double[] wave(int length, int first, int last, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] values = new double[length];
        for (int t = 0; t < length; t++) {
            double turn = (t % PERIOD) / (double) PERIOD;
            double value = 2 * Math.exp(-Math.pow((turn - 0.5) / 0.04, 2)) + 0.3 * Math.sin(2 * Math.PI * turn);
            values[t] = (t >= first && t <= last ? -1.5 * value : value) + 0.03 * random.nextGaussian();
        }
        return values;
    }

    static void ecg(Path folder) {
        for (OutlierData.Beats beats : OutlierData.ECG) {
            int rows = 1 + Math.max(beats.trainTo(), beats.testTo());
            double[] one = wave(rows, beats.first(), beats.last(), beats.first());
            double[] two = wave(rows, beats.first(), beats.last(), beats.last());
            StringBuilder text = new StringBuilder("time,ch1,ch2\n");
            for (int t = 0; t < rows; t++) {
                text.append(line("%.3f,%.3f,%.3f\n", t / 250.0, one[t], 0.5 * two[t]));
            }
            StandIn.text(folder.resolve(beats.name() + ".csv"), text.toString());
        }
    }

    static void nab(Path folder) {
        List<String> odd = List.of("realTraffic/speed_7578.csv", "artificialWithAnomaly/art_daily_jumpsup.csv");
        for (String name : odd) {
            numenta(folder, name, wave(1200, 700, 800, name.hashCode()));
        }
        numenta(folder, "artificialNoAnomaly/art_daily_small_noise.csv", wave(1200, -1, -1, 13));
        String rows = "[[\"2015-09-03 10:20:00.000000\", \"2015-09-03 18:40:00.000000\"]]"; // 700 to 800
        StandIn.text(
                folder.resolve("labels/combined_windows.json"),
                odd.stream().map(name -> "\"" + name + "\": " + rows).collect(Collectors.joining(", ", "{", "}")));
    }

    private static void numenta(Path folder, String name, double... values) {
        LocalDateTime time = LocalDateTime.of(2015, 9, 1, 0, 0);
        StringBuilder text = new StringBuilder("timestamp,value\n");
        for (double value : values) {
            text.append(line("%tF %<tT,%.3f\n", time, 60 + 10 * value));
            time = time.plusMinutes(5);
        }
        StandIn.text(folder.resolve("data").resolve(name), text.toString());
    }

    static void msl(Path folder) {
        try (Pass pass = Pass.infer()) {
            Map<String, Tensor> arrays = new LinkedHashMap<>();
            for (String channel : List.of("C-1", "C-2")) {
                arrays.put(channel + ".train", telemetry(wave(1500, -1, -1, channel.hashCode())));
                arrays.put(channel + ".test", telemetry(wave(1500, 900, 1000, 1 + channel.hashCode())));
            }
            Npz.write(folder.resolve("msl.npz"), arrays);
        }
        StandIn.text(
                folder.resolve("labels.csv"),
                "channel,start,end,class,num_values\nC-1,900,1000,contextual,1500\nC-2,900,1000,contextual,1500\n");
    }

    /** The value, and 54 commands, of which the first is given in the middle of each period. */
    private static Tensor telemetry(double... values) {
        int columns = 55;
        double[] rows = new double[values.length * columns];
        for (int t = 0; t < values.length; t++) {
            rows[t * columns] = values[t];
            rows[t * columns + 1] = t % PERIOD == PERIOD / 2 ? 1 : 0;
        }
        return Tensor.of(Averages.floats(rows), values.length, columns);
    }

    static void ucr(Path folder) {
        for (String file : OutlierData.UCR_FILES.files()) {
            String[] parts = file.replace(".txt", "").split("_", -1);
            int first = Integer.parseInt(parts[5]);
            int last = Integer.parseInt(parts[6]);
            StandIn.text(
                    folder.resolve(file),
                    DoubleStream.of(wave(5000, first, last, first))
                            .mapToObj(value -> line("%.5f", 70 + 10 * value))
                            .collect(Collectors.joining("\n")));
        }
    }
}
