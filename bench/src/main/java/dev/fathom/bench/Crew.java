package dev.fathom.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The processes of a generation, which hold at most {@link #ROOM} together, as far as can be told from what each held
 * after its last request.
 */
final class Crew implements AutoCloseable {
    /** Bytes that all processes may hold before a request; while it runs, it may take some more. */
    static final long ROOM = 6L << 30;

    /** Bytes that a request is expected to take in a process that has answered none. */
    private static final long UNKNOWN = 1536L << 20;

    private final Path out;
    private final Set<Contender.Home> unpacked;
    private final Map<Contender, Child> children = new LinkedHashMap<>();
    /** Bytes that each held after its last request; those of ended processes, too. */
    private final Map<Contender, Long> held = new HashMap<>();

    private final Map<Contender, String> abouts = new LinkedHashMap<>();
    /** The row that is measured, who has answered a request of it, and the bytes of the largest of these. */
    private String row = "";

    private final Set<Contender> answered = new HashSet<>();
    private long largest;
    private int requests;
    private int started;
    private long most;

    /** Logs go to {@code out}; homes whose processes have unpacked their natives are in {@code unpacked}. */
    Crew(Path out, Set<Contender.Home> unpacked) {
        this.out = out;
        this.unpacked = unpacked;
    }

    /**
     * Ends processes until this one can answer a request of a row and all together hold at most this many bytes: first
     * those that do not take part in the row, then the one that was asked last, whose next turn is the furthest away.
     */
    void makeRoom(long most, String row, Contender next, Set<Contender> wanted) {
        if (!row.equals(this.row)) {
            this.row = row;
            largest = 0;
            answered.clear();
        }
        List<Contender> others = new ArrayList<>(children.keySet());
        others.remove(next);
        others.sort(Comparator.<Contender, Boolean>comparing(wanted::contains)
                .thenComparing(other -> child(other).asked, Comparator.reverseOrder()));
        long room = most - expected(next);
        long taken = others.stream().mapToLong(other -> child(other).bytes()).sum();
        for (Contender other : others) {
            if (taken > room) {
                taken -= child(other).bytes();
                dismiss(other);
            }
        }
    }

    /** The bytes that a process will hold after its next request: by the first one of a row, as many as others do. */
    private long expected(Contender next) {
        long bytes = Math.max(children.containsKey(next) ? child(next).bytes() : 0, held.getOrDefault(next, UNKNOWN));
        return answered.contains(next) ? bytes : Math.max(bytes, largest);
    }

    /** Starts those who take part in a turn and do not run yet, all at once. */
    void summon(Collection<Contender> wanted) throws IOException {
        for (Contender contender : wanted) {
            if (!children.containsKey(contender)) {
                if (contender.home().ofPresets() && unpacked.add(contender.home())) {
                    unpack(contender);
                }
                children.put(contender, start(contender));
            }
        }
    }

    /** Whether a contender's process has answered no request yet. */
    boolean isNew(Contender contender) {
        Child child = children.get(contender);
        return child == null || child.about.isEmpty();
    }

    private Child start(Contender contender) throws IOException {
        Path log = out.resolve(started++ + "-" + contender.name() + ".log");
        List<String> heap = List.of("-Xms256m", "-Xmx4g"); // by default it begins with a share of the memory
        return new Child(contender.process(Server.class.getName(), heap, contender.home().benchmarks), log);
    }

    /**
     * Has a process unpack the natives of presets, so that others do not find half of them. PyTorch's crash in the
     * process that does so.
     */
    private void unpack(Contender contender) throws IOException {
        try (Child first = start(contender)) {
            first.next();
        }
    }

    /** Has a contender answer a request. */
    String ask(Contender contender, String request) throws IOException {
        summon(List.of(contender));
        Child child = child(contender);
        try {
            if (child.about.isEmpty()) {
                child.about = child.answer();
            }
            child.asked = ++requests;
            child.send(request);
            String answer = child.answer();
            abouts.put(contender, child.about.contains("MKL") ? child.about : child.about + child.core());
            return answer;
        } catch (IOException e) {
            if (child.ended()) { // the next row starts another one
                dismiss(contender);
            }
            throw e;
        } finally {
            held.put(contender, child.bytes());
            answered.add(contender);
            largest = Math.max(largest, child.bytes());
            most = Math.max(most, bytes());
        }
    }

    /** What all have said of themselves by now. */
    List<String> abouts() {
        return List.copyOf(abouts.values());
    }

    /** The most bytes that they held together after a request. */
    long most() {
        return most;
    }

    /** The bytes that they hold together now. */
    long bytes() {
        return children.values().stream().mapToLong(Child::bytes).sum();
    }

    private Child child(Contender contender) {
        return Objects.requireNonNull(children.get(contender));
    }

    private void dismiss(Contender contender) {
        Child child = children.remove(contender);
        if (child != null) {
            child.close();
        }
    }

    @Override
    public void close() {
        children.values().forEach(Child::close);
    }
}
