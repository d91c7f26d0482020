package dev.fathom.cli;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * Requests to a service at a fixed rate, whether it keeps up or not. Each has a time at which it is due, and its time
 * is counted from there: one that has to wait because those before it are slow counts its wait, as a caller would.
 *
 * <p>It shares the processors with what it measures, so it is light: a blocking socket and a thread for each
 * connection, and no more of HTTP/1.1 than it needs. A request costs it a quarter of what the JDK's HttpClient takes,
 * 80 µs of 320.
 */
final class Load {
    /** The status of a request that got no answer. */
    static final int NONE = 0;

    private static final long SECOND = 1_000_000_000;
    /** How far the requests may be behind their times before the rest of them is given up. */
    private static final long BEHIND = SECOND;
    /** How long the last answers are waited for. */
    private static final long PATIENCE = 15 * SECOND;

    private static final long LONGEST = 100 * SECOND;
    private static final int DIGITS = 3;
    private static final int BUFFER = 1 << 16;
    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: *([0-9]+)", Pattern.CASE_INSENSITIVE);

    /**
     * What a load has seen.
     *
     * @param sent requests
     * @param unsent requests that were given up, as too many before them were late; they count among the times
     * @param seconds until the last answer
     * @param statuses how often each was the answer
     * @param times in nanoseconds, from when a request was due until its answer was read
     * @param wakes how many nanoseconds after its time the generator woke for a request
     * @param busy requests at whose time no connection was free
     */
    record Result(
            long sent,
            long unsent,
            double seconds,
            Map<Integer, Long> statuses,
            Histogram times,
            Histogram wakes,
            long busy) {
        long good() {
            return statuses.getOrDefault(200, 0L);
        }

        /** Answers of status 200 in a second. */
        double rate() {
            return good() / seconds;
        }

        /** Whether all that was asked was answered. */
        boolean allGood() {
            return unsent == 0 && good() == sent;
        }

        double millis(double percentile) {
            return times.getValueAtPercentile(percentile) * 1e-6;
        }
    }

    private final InetSocketAddress address;
    private final ByteBuffer request;
    private final double rate;
    private final long skipped;
    private final long total;
    private final AtomicLong next = new AtomicLong();
    private final AtomicLong busy = new AtomicLong();
    private final AtomicLong unsent = new AtomicLong();
    private final AtomicLongArray statuses = new AtomicLongArray(1000);
    private final Recorder times = new Recorder(LONGEST, DIGITS);
    private final Recorder wakes = new Recorder(LONGEST, DIGITS);
    private final List<Connection> connections = new ArrayList<>();
    private volatile long start;
    private volatile boolean ended;
    private final LongAccumulator last = new LongAccumulator(Math::max, Long.MIN_VALUE);

    /**
     * Prepares a load.
     *
     * @param request all of its bytes
     * @param rate requests a second
     * @param warm seconds that are not counted
     * @param seconds that are counted
     */
    Load(InetSocketAddress address, byte[] request, double rate, double warm, double seconds, int connections) {
        this.address = address;
        this.request = ByteBuffer.allocateDirect(request.length).put(request).flip();
        this.rate = rate;
        skipped = Math.round(rate * warm);
        total = skipped + Math.max(1, Math.round(rate * seconds));
        for (int i = 0; i < connections; i++) {
            this.connections.add(new Connection());
        }
    }

    /** The bytes of a request, a GET where there is no body. */
    static byte[] request(InetSocketAddress address, String path, String type, byte @Nullable [] body) {
        byte[] content = body == null ? new byte[0] : body;
        String head = (body == null ? "GET " : "POST ") + path + " HTTP/1.1\r\nHost: " + address.getHostString() + ":"
                + address.getPort() + "\r\n"
                + (body == null ? "" : "Content-Type: " + type + "\r\nContent-Length: " + content.length + "\r\n")
                + "\r\n";
        byte[] first = head.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(first.length + content.length)
                .put(first)
                .put(content)
                .array();
    }

    /**
     * Sends all of it, and waits for the answers.
     *
     * @param watch called ten times a second meanwhile
     * @throws IOException if the service cannot be reached
     */
    Result run(Runnable watch) throws IOException, InterruptedException {
        try {
            for (Connection connection : connections) {
                connection.open();
            }
            start = System.nanoTime() + SECOND / 100;
            connections.forEach(Thread::start);
            for (Connection connection : connections) {
                while (connection.isAlive() && System.nanoTime() < due(total) + PATIENCE) {
                    connection.join(100);
                    watch.run();
                }
            }
        } finally {
            next.set(total);
            ended = true;
            connections.forEach(Connection::close);
        }
        for (Connection connection : connections) {
            connection.join();
        }
        Map<Integer, Long> seen = new TreeMap<>();
        for (int status = 0; status < statuses.length(); status++) {
            if (statuses.get(status) > 0) {
                seen.put(status, statuses.get(status));
            }
        }
        double seconds = (last.get() - due(skipped)) * 1e-9;
        long sent = total - skipped - unsent.get();
        return new Result(
                sent,
                unsent.get(),
                // requests of the last interval were due until its end
                Math.max(seconds, (total - skipped) / rate),
                seen,
                times.getIntervalHistogram(),
                wakes.getIntervalHistogram(),
                busy.get());
    }

    /** The times since this was called before, of a load that runs. */
    Histogram interval() {
        return times.getIntervalHistogram();
    }

    /** How much of it is sent, from 0 to 1. */
    double done() {
        return Math.min(1, (double) next.get() / total);
    }

    private long due(long number) {
        return start + (long) (number * (SECOND / rate));
    }

    /** A connection, which takes the next request whenever it is free. */
    private final class Connection extends Thread {
        private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER);
        private final byte[] head = new byte[BUFFER];
        private volatile @Nullable SocketChannel channel;

        Connection() {
            super("fathom-load");
            setDaemon(true);
        }

        private SocketChannel open() throws IOException {
            SocketChannel opened = SocketChannel.open(address);
            opened.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel = opened;
            if (ended) { // perhaps behind the last close
                close();
            }
            return opened;
        }

        private void close() {
            SocketChannel opened = channel;
            channel = null;
            if (opened != null) {
                try {
                    opened.close();
                } catch (IOException e) {
                    // it is gone in any case
                }
            }
        }

        @Override
        public void run() {
            for (long number = next.getAndIncrement(); number < total; number = next.getAndIncrement()) {
                long due = due(number);
                long now = System.nanoTime();
                boolean early = now < due;
                for (; now < due; now = System.nanoTime()) {
                    LockSupport.parkNanos(due - now);
                }
                boolean given = now > due(total) + BEHIND;
                int status = given ? NONE : status();
                long end = System.nanoTime();
                if (number < skipped) {
                    continue;
                }
                times.recordValue(Math.min(end - due, LONGEST));
                if (given) {
                    unsent.incrementAndGet();
                    continue;
                }
                statuses.incrementAndGet(status);
                last.accumulate(end);
                if (early) {
                    wakes.recordValue(Math.min(now - due, LONGEST));
                } else {
                    busy.incrementAndGet();
                }
            }
        }

        /** Sends the request, and once more where a service has closed a connection that nobody used. */
        private int status() {
            for (boolean again = channel != null; ; again = false) {
                in.clear();
                try {
                    SocketChannel opened = channel;
                    return exchange(opened == null ? open() : opened);
                } catch (IOException e) {
                    close();
                    if (!again || in.position() > 0) {
                        return NONE;
                    }
                }
            }
        }

        private int exchange(SocketChannel opened) throws IOException {
            ByteBuffer out = request.duplicate();
            while (out.hasRemaining()) {
                opened.write(out);
            }
            int end = -1;
            while (end < 0) {
                read(opened);
                end = end();
            }
            String text = new String(head, 0, end, StandardCharsets.ISO_8859_1);
            int status = Integer.parseInt(text, 9, 12, 10);
            Matcher length = LENGTH.matcher(text);
            if (!length.find() && status != 204) {
                throw new IOException("an answer has no length");
            }
            long left = (status == 204 ? 0 : Long.parseLong(length.group(1))) - (in.position() - end);
            while (left > 0) {
                in.clear();
                left -= read(opened);
            }
            return status;
        }

        private int read(SocketChannel opened) throws IOException {
            int n = opened.read(in);
            if (n <= 0) { // the end, or a head that fills the buffer
                throw new EOFException();
            }
            return n;
        }

        /** Where the head of the answer ends, or -1. */
        private int end() {
            int n = in.position();
            in.get(0, head, 0, n);
            for (int i = 3; i < n; i++) {
                if (head[i] == '\n' && head[i - 1] == '\r' && head[i - 2] == '\n' && head[i - 3] == '\r') {
                    return i + 1;
                }
            }
            return -1;
        }
    }
}
