package dev.fathom.bench;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * A contender's process in the rows {@code serve-}: it waits asleep until the driver asks for something, so that
 * contenders take turns of a fraction of a second. Its callers ask again as soon as they are answered.
 *
 * <p>Requests are lines, answers are {@code @ok NUMBERS...} or {@code @error WHY}:
 *
 * <ul>
 *   <li>{@code calls CALLERS MS}: nanoseconds from an answer to the next of all callers together, and the median of a
 *       call
 *   <li>{@code beside CALLERS MS}: the same calls, and after each an empty spin of their median length; how many calls
 *   <li>{@code tail}: of the calls since the last such request the 50th, 99th and 99.9th percentile and the longest,
 *       then those of the spins; the longest without spins is 0
 *   <li>{@code steady CALLS}: bytes of the Java heap and calls of malloc that an answer takes
 *   <li>{@code memory}: resident megabytes after a collection of garbage
 * </ul>
 */
public final class Callers {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    /** Calls of the first caller that do not count, after which the JVM's last compiler has seen them. */
    private static final int WARM = 20_000;
    /** Those of other callers, who meet code that is warm. */
    private static final int WARM_NEXT = 2_000;
    /** Seconds after which a slow contender need not finish these calls. */
    private static final double WARM_SECONDS = 2;
    /** What an answer takes is counted block by block, and medians count: the JVM itself allocates now and then. */
    private static final int BLOCKS = 20;

    private final Service service;
    private final List<Voice> voices = new ArrayList<>();

    private Callers(Service service) {
        this.service = service;
    }

    /** Serves until the driver is done. */
    public static void serve(Service service) throws Exception {
        System.out.println(Server.MARK + "about " + service.about());
        Callers callers = new Callers(service);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = Arrays.stream(callers.answer(line.split(" ")))
                        .mapToObj(Double::toString)
                        .collect(Collectors.joining(" ", "ok ", ""));
            } catch (ExecutionException | RuntimeException e) {
                e.printStackTrace();
                answer = "error "
                        + String.valueOf(e.getCause() == null ? e : e.getCause())
                                .replace('\n', ' ');
            }
            System.out.println(Server.MARK + answer);
            System.out.flush();
        }
        System.exit(0); // whatever threads a library has left behind
    }

    private double[] answer(String[] words) throws Exception {
        return switch (words[0]) {
            case "calls" -> block(Integer.parseInt(words[1]), Long.parseLong(words[2]) * 1_000_000, false);
            case "beside" -> block(Integer.parseInt(words[1]), Long.parseLong(words[2]) * 1_000_000, true);
            case "tail" -> tail();
            case "steady" -> {
                int calls = Integer.parseInt(words[1]);
                Voice voice = voice(0);
                yield voice.thread.submit(() -> voice.steady(calls)).get();
            }
            case "memory" -> {
                System.gc();
                yield new double[] {Footprint.resident()};
            }
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    /** The caller of a number, which is made and warm. */
    private Voice voice(int i) throws Exception {
        while (voices.size() <= i) {
            Voice voice = new Voice();
            int warm = voices.isEmpty() ? WARM : WARM_NEXT;
            voice.thread.submit(() -> voice.begin(service, warm)).get();
            voices.add(voice);
        }
        return voices.get(i);
    }

    private double[] block(int callers, long nanos, boolean spins) throws Exception {
        voice(callers - 1);
        CountDownLatch ready = new CountDownLatch(callers);
        List<Future<Long>> blocks = new ArrayList<>();
        for (Voice voice : voices.subList(0, callers)) {
            blocks.add(voice.thread.submit(() -> {
                voice.repeat(nanos / 10, spins); // others have used the caches
                ready.countDown();
                ready.await();
                return voice.keep(nanos, spins);
            }));
        }
        double rate = 0;
        long calls = 0;
        Samples all = new Samples();
        for (int i = 0; i < callers; i++) {
            long took = blocks.get(i).get();
            Samples own = voices.get(i).block;
            rate += (double) own.size / took;
            calls += own.size;
            all.add(own);
        }
        return spins ? new double[] {calls} : new double[] {1 / rate, all.percentile(0.5)};
    }

    private double[] tail() {
        Samples calls = new Samples();
        Samples spins = new Samples();
        for (Voice voice : voices) {
            calls.add(voice.calls);
            spins.add(voice.spins);
            voice.calls.clear();
            voice.spins.clear();
        }
        double[] both = Arrays.copyOf(calls.tail(), 8);
        System.arraycopy(spins.tail(), 0, both, 4, 4);
        return both;
    }

    /** A caller and its thread. */
    private static final class Voice {
        final ExecutorService thread = Executors.newSingleThreadExecutor();
        /** What the calls of the last block took, and the spins between them. */
        final Samples block = new Samples();

        private final Samples spinBlock = new Samples();
        /** What all blocks since the last tail took. */
        final Samples calls = new Samples();

        final Samples spins = new Samples();
        private Service.Caller caller = () -> new float[0];
        /** How long an empty spin takes. */
        private long length;

        Void begin(Service service, int warm) throws Exception {
            caller = service.caller();
            Work.checkMlp(Work.gauss(1, Work.MLP[0], 1), caller.answer(), 1e-4);
            long end = System.nanoTime() + (long) (1e9 * WARM_SECONDS);
            for (int i = 0; i < warm && System.nanoTime() < end; i++) {
                caller.answer();
            }
            for (int i = 0; i < 2; i++) { // the first one compiles the loop
                repeat(50_000_000, true);
                length = (long) block.percentile(0.5);
            }
            return null;
        }

        /** Calls for so long, with a spin after each if that is wanted; how long it was. */
        long repeat(long nanos, boolean spinning) throws Exception {
            block.clear();
            spinBlock.clear();
            long first = System.nanoTime();
            long now = first;
            while (now - first < nanos) {
                long start = System.nanoTime();
                caller.answer();
                now = System.nanoTime();
                block.add(now - start);
                if (spinning) {
                    start = System.nanoTime();
                    do {
                        now = System.nanoTime();
                    } while (now - start < length);
                    spinBlock.add(now - start);
                }
            }
            return now - first;
        }

        /** Repeats calls and keeps their times for the next {@code tail}. */
        long keep(long nanos, boolean spinning) throws Exception {
            long took = repeat(nanos, spinning);
            calls.add(block);
            spins.add(spinBlock);
            return took;
        }

        double[] steady(int times) throws Exception {
            int each = times / BLOCKS;
            double[] bytes = new double[BLOCKS];
            double[] mallocs = new double[BLOCKS];
            for (int b = -BLOCKS; b < BLOCKS; b++) { // the first ones warm
                long others = others();
                long mine = THREADS.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < each; i++) {
                    caller.answer();
                }
                mine = THREADS.getCurrentThreadAllocatedBytes() - mine;
                others = others() - others;
                Mallocs.count(1);
                for (int i = 0; i < each; i++) {
                    caller.answer();
                }
                long calls = Mallocs.count(0);
                bytes[Math.max(0, b)] = (double) (mine + others) / each;
                mallocs[Math.max(0, b)] = (double) calls / each;
            }
            return new double[] {Duel.median(bytes), Duel.median(mallocs)};
        }

        /** What all threads but this one have allocated: some contenders compute on threads of their own. */
        private static long others() {
            long me = Thread.currentThread().getId();
            return Arrays.stream(THREADS.getThreadAllocatedBytes(Arrays.stream(THREADS.getAllThreadIds())
                            .filter(id -> id != me)
                            .toArray()))
                    .sum();
        }
    }

    /** Nanoseconds of many calls. */
    static final class Samples {
        /** They hardly grow within a block of a fraction of a second. */
        private int[] nanos = new int[1 << 16];

        private int size;

        int size() {
            return size;
        }

        void clear() {
            size = 0;
        }

        void add(long ns) {
            if (size == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * size);
            }
            nanos[size++] = (int) Math.min(ns, Integer.MAX_VALUE);
        }

        void add(Samples more) {
            if (size + more.size > nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * (size + more.size));
            }
            System.arraycopy(more.nanos, 0, nanos, size, more.size);
            size += more.size;
        }

        double percentile(double share) {
            return tail(share)[0];
        }

        double[] tail() {
            return tail(0.5, 0.99, 0.999, 1);
        }

        private double[] tail(double... shares) {
            int[] sorted = Arrays.copyOf(nanos, size);
            Arrays.sort(sorted);
            return Arrays.stream(shares)
                    .map(share -> size == 0 ? 0 : sorted[(int) Math.min(size - 1, Math.floor(share * size))])
                    .toArray();
        }
    }
}
