package dev.fathom.serve;

import dev.fathom.op.Checks;
import dev.fathom.plan.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sessions that carry a state from call to call, one for each key, such as a caller's number or the name of a device. A
 * key that comes for the first time begins with zeros. Calls with one key run one after another.
 *
 * <pre>{@code
 * try (StreamPool<String> streams = new StreamPool<>(100, () -> plan.newSession(1))) {
 *     float next = streams.with("sensor-7", session -> {
 *         session.set(sample).run();
 *         return session.output().get(0);
 *     });
 * }
 * }</pre>
 *
 * <p>There are at most so many sessions. A new key takes that of the key that was used the longest time ago and is not
 * in use, whose state is lost; {@link #onEvict} is told. Keys need {@code equals} and {@code hashCode}.
 *
 * @param <K> what a stream is known by
 */
public final class StreamPool<K> implements AutoCloseable {
    private static final class Stream {
        private @Nullable Session session;
        private boolean busy = true;
        private long used;
    }

    /**
     * How a pool has been used.
     *
     * @param most streams that it may have
     * @param streams that it has
     * @param inUse whose call is under way
     * @param started how many have begun
     * @param evicted how many were given up for another, or for their age
     */
    public record Statistics(int most, int streams, int inUse, long started, long evicted) {}

    private final int most;
    private final Supplier<Session> maker;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition changed = lock.newCondition();
    /** From the one that was used the longest time ago on. */
    private final Map<K, Stream> streams = new LinkedHashMap<>(16, 0.75f, true);

    private Consumer<? super K> evicted = key -> {};
    private long idleNanos = Long.MAX_VALUE;
    private long started;
    private long evictions;
    private boolean closed;

    /**
     * Makes a pool without a session yet.
     *
     * @param most sessions at a time
     * @param maker makes one of them, such as {@code () -> plan.newSession(1)}
     * @throws IllegalArgumentException if there is to be none
     */
    public StreamPool(int most, Supplier<Session> maker) {
        this.most = Checks.atLeast("StreamPool", "most", most, 1);
        this.maker = maker;
    }

    /** Tells {@code listener} each key whose state is given up for another, or for its age. Returns this pool. */
    public StreamPool<K> onEvict(Consumer<? super K> listener) {
        lock.lock();
        try {
            evicted = listener;
        } finally {
            lock.unlock();
        }
        return this;
    }

    /**
     * Gives up streams that nobody has used for this time, whenever another call comes. Returns this pool.
     *
     * @throws IllegalArgumentException if the time is not positive
     */
    public StreamPool<K> expireAfter(Duration idle) {
        if (idle.isNegative() || idle.isZero()) {
            throw new IllegalArgumentException("expireAfter: " + idle + " must be longer than nothing");
        }
        lock.lock();
        try {
            idleNanos = idle.toNanos();
        } finally {
            lock.unlock();
        }
        return this;
    }

    /**
     * Lends the session of this key to {@code use}. Waits while another thread uses the key, or while all sessions are
     * in use and none can be given up. A call that throws leaves the stream where it is.
     *
     * @throws InterruptedException if the thread is interrupted while it waits
     * @throws IllegalStateException if the pool is closed
     */
    public <R> R with(K key, Function<Session, R> use) throws InterruptedException {
        List<K> lost = new ArrayList<>(0);
        Stream stream = take(key, lost);
        try {
            lost.forEach(evicted);
            return use.apply(open(stream));
        } finally {
            lock.lock();
            try {
                stream.busy = false;
                stream.used = System.nanoTime();
                if (stream.session == null) { // it could not be made
                    streams.remove(key);
                } else if (closed) {
                    stream.session.close();
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private Session open(Stream stream) {
        Session session = stream.session;
        if (session == null) {
            session = maker.get();
            stream.session = session;
        }
        return session;
    }

    private Stream take(K key, List<K> lost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                if (closed) {
                    throw new IllegalStateException("StreamPool is closed; use it before the close");
                }
                expire(lost);
                Stream stream = streams.get(key);
                if (stream == null && streams.size() < most) {
                    stream = new Stream();
                    streams.put(key, stream);
                    started++;
                    return stream;
                }
                if (stream == null) {
                    stream = evict(lost);
                    if (stream != null) {
                        stream.busy = true;
                        streams.put(key, stream);
                        started++;
                        return stream;
                    }
                } else if (!stream.busy) {
                    stream.busy = true;
                    return stream;
                }
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The stream that was used the longest time ago, without its state; null if all are in use. */
    private @Nullable Stream evict(List<K> lost) {
        for (Iterator<Map.Entry<K, Stream>> all = streams.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<K, Stream> each = all.next();
            Stream stream = each.getValue();
            if (!stream.busy) {
                all.remove();
                evictions++;
                lost.add(each.getKey());
                if (stream.session != null) {
                    stream.session.clear();
                }
                return stream;
            }
        }
        return null;
    }

    private void expire(List<K> lost) {
        long now = System.nanoTime();
        for (Iterator<Map.Entry<K, Stream>> all = streams.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<K, Stream> each = all.next();
            Stream stream = each.getValue();
            if (!stream.busy && now - stream.used > idleNanos) {
                all.remove();
                evictions++;
                lost.add(each.getKey());
                if (stream.session != null) {
                    stream.session.close();
                }
            }
        }
    }

    /**
     * Ends the stream of this key, whose next call begins with zeros. Returns whether there was one.
     *
     * @throws IllegalStateException if another thread uses it
     */
    public boolean end(K key) {
        lock.lock();
        try {
            Stream stream = streams.get(key);
            if (stream == null) {
                return false;
            }
            if (stream.busy) {
                throw new IllegalStateException("end: the stream " + key + " is in use; end it after its call");
            }
            streams.remove(key);
            if (stream.session != null) {
                stream.session.close();
            }
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many streams there are. */
    public int size() {
        lock.lock();
        try {
            return streams.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how this pool has been used. */
    public Statistics statistics() {
        lock.lock();
        try {
            int inUse = 0;
            for (Stream stream : streams.values()) {
                inUse += stream.busy ? 1 : 0;
            }
            return new Statistics(most, streams.size(), inUse, started, evictions);
        } finally {
            lock.unlock();
        }
    }

    /** Closes the sessions that are not in use, and the others after their call. Closing twice does nothing. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (Stream stream : streams.values()) {
                if (!stream.busy && stream.session != null) {
                    stream.session.close();
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
