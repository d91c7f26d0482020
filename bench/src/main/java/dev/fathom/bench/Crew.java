package dev.fathom.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The processes of a generation, which hold less than 8 GiB together. */
final class Crew implements AutoCloseable {
    /** Bytes that processes may hold when a row begins, so that it can take more and all stay below 8 GiB. */
    static final long ROOM = 5L << 30;

    private final Path out;
    private final Set<Contender.Home> unpacked;
    private final Map<Contender, Child> children = new LinkedHashMap<>();
    private int started;
    private long most;

    /** Logs go to {@code out}; homes whose processes have unpacked their natives are in {@code unpacked}. */
    Crew(Path out, Set<Contender.Home> unpacked) {
        this.out = out;
        this.unpacked = unpacked;
    }

    /** Ends processes until the others hold at most this many bytes: first those not wanted now, the largest first. */
    void makeRoom(long most, Set<Contender> wanted) {
        while (bytes() > most) {
            children.entrySet().stream()
                    .max(Comparator.<Map.Entry<Contender, Child>, Boolean>comparing(c -> !wanted.contains(c.getKey()))
                            .thenComparingLong(c -> c.getValue().bytes()))
                    .map(Map.Entry::getKey)
                    .ifPresent(this::dismiss);
        }
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

    /** Has a contender that was summoned answer a request. */
    String ask(Contender contender, String request) throws IOException {
        Child child = Objects.requireNonNull(children.get(contender));
        try {
            if (child.about.isEmpty()) {
                child.about = child.answer();
            }
            child.send(request);
            return child.answer();
        } catch (IOException e) {
            if (child.ended()) { // the next row starts another one
                dismiss(contender);
            }
            throw e;
        } finally {
            most = Math.max(most, bytes());
        }
    }

    /** What all have said of themselves by now. */
    List<String> abouts() throws IOException {
        List<String> abouts = new ArrayList<>();
        for (Child child : children.values()) {
            if (!child.about.isEmpty()) {
                abouts.add(child.about.contains("MKL") ? child.about : child.about + child.core());
            }
        }
        return abouts;
    }

    /** The most bytes that they held together after a request. */
    long most() {
        return most;
    }

    private long bytes() {
        return children.values().stream().mapToLong(Child::bytes).sum();
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
