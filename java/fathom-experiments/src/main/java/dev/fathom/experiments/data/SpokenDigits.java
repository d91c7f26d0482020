package dev.fathom.experiments.data;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The Free Spoken Digit Dataset (Jackson et al.): digits spoken by six people, 50 times each, at 8,000 samples per
 * second; not part of the project.
 */
public final class SpokenDigits {
    /** Samples per second. */
    public static final int RATE = 8000;

    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            "spoken-digits",
            List.of("recordings"),
            "download it from the repository Jakobovski/free-spoken-digit-dataset",
            "CC BY-SA 4.0",
            SpokenDigits::standIn);

    private static final Pattern NAME = Pattern.compile("(\\d)_([a-z]+)_(\\d{1,6})\\.wav");
    /** Ten seconds; the longest recording has 2.3. */
    private static final int LONGEST = 10 * RATE;

    private SpokenDigits() {}

    /** Two vowels for each digit, 15 times in each of three voices. */
    private static void standIn(Path folder) {
        List<String> speakers = List.of("ada", "ben", "cleo");
        Vowel[] vowels = Vowel.values();
        for (int s = 0; s < speakers.size(); s++) {
            for (int i = 0; i < 150; i++) {
                int digit = i % 10;
                Rng rng = new Rng(1000 * s + i);
                float[] sound = Averages.flat(
                        vowels[digit % 5].speak(RATE / 5, rng.split("first")),
                        vowels[(digit + 1 + digit / 5) % 5].speak(RATE / 5 + 400 * s, rng.split("second")));
                String name = digit + "_" + speakers.get(s) + "_" + i / 10 + ".wav";
                Wav.of(RATE, sound).write(folder.resolve("recordings").resolve(name));
            }
        }
    }

    /**
     * A recording.
     *
     * @param index number of the recording among those of the same digit and speaker; 0 to 4 are the test
     * @param samples from -1 to 1
     */
    public record Recording(int digit, String speaker, int index, float[] samples) {
        /** Whether it belongs to the official test set. */
        public boolean test() {
            return index < 5;
        }
    }

    /**
     * Reads the recordings whose index is wanted, ordered by the names of their files.
     *
     * @param given the folder that has {@code recordings}, or null for where it usually is
     * @throws IllegalArgumentException if there are none, a file has another name than DIGIT_SPEAKER_INDEX.wav, or one
     *     is damaged or of another rate
     * @throws UncheckedIOException if a file cannot be read
     */
    public static List<Recording> read(@Nullable Path given, IntPredicate wanted) {
        Path folder = SET.folder(given).resolve("recordings");
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the folder " + folder + ": " + e.getMessage(), e);
        }
        List<Recording> all = files.stream()
                .map(SpokenDigits::matched)
                .filter(m -> wanted.test(Integer.parseInt(m.group(3))))
                .map(m -> recording(folder.resolve(m.group()), m))
                .toList();
        if (all.isEmpty()) {
            throw new IllegalArgumentException(
                    "the folder " + folder + " has no recordings; put files like 7_jackson_32.wav there");
        }
        return all;
    }

    private static Matcher matched(Path file) {
        Matcher m = NAME.matcher(file.getFileName().toString());
        if (!m.matches()) {
            throw new IllegalArgumentException(file
                    + ": the name is not of the form DIGIT_SPEAKER_INDEX.wav, such as 7_jackson_32.wav; rename the"
                    + " file, or move it elsewhere");
        }
        return m;
    }

    private static Recording recording(Path file, Matcher m) {
        Wav wav = Wav.read(file);
        if (wav.rate() != RATE || wav.frames() > LONGEST || wav.frames() < RATE / 20) {
            throw new IllegalArgumentException(file + ": it has " + wav.frames() + " samples at " + wav.rate()
                    + " Hz, but a recording of a digit has " + RATE / 20 + " to " + LONGEST + " at " + RATE
                    + " Hz; convert it, or move it elsewhere");
        }
        return new Recording(Integer.parseInt(m.group(1)), m.group(2), Integer.parseInt(m.group(3)), wav.mono());
    }

    /** A string of digits of one speaker, spoken one after another. */
    public record Spoken(List<Integer> digits, float[] samples) {}

    /**
     * Draws strings of 3 to 5 digits, each of one speaker, with 0.05 to 0.15 seconds of faint noise before, between and
     * after the digits.
     */
    public static List<Spoken> strings(List<Recording> recordings, int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> speakers =
                recordings.stream().map(Recording::speaker).distinct().sorted().toList();
        List<Spoken> strings = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String speaker = speakers.get(random.nextInt(speakers.size()));
            List<Recording> candidates =
                    recordings.stream().filter(r -> r.speaker().equals(speaker)).toList();
            List<Recording> chosen = IntStream.range(0, 3 + random.nextInt(3))
                    .mapToObj(k -> candidates.get(random.nextInt(candidates.size())))
                    .toList();
            List<float[]> sounds = new ArrayList<>(List.of(silence(random)));
            for (Recording r : chosen) {
                sounds.add(r.samples());
                sounds.add(silence(random));
            }
            strings.add(new Spoken(
                    chosen.stream().map(Recording::digit).toList(), Averages.flat(sounds.toArray(float[][]::new))));
        }
        return strings;
    }

    private static float[] silence(SplittableRandom random) {
        float[] faint = new float[random.nextInt(RATE * 5 / 100, RATE * 15 / 100)];
        for (int i = 0; i < faint.length; i++) {
            faint[i] = (float) (0.001 * random.nextDouble() - 0.0005);
        }
        return faint;
    }
}
