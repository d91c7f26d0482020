package dev.fathom.files;

import dev.fathom.io.InputFile;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads a pickle of Python (<a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools</a>,
 * protocols 0 to 5) without running anything: numbers, texts, lists and dictionaries become those of Java, and what a
 * class or function would make is left to {@link Types}, which knows the few that it allows.
 */
final class Pickle {
    /** Steps of one pickle; each makes at most one small object. */
    private static final int MOST_STEPS = 1 << 22;

    private static final int LONGEST_TEXT = 1 << 24;
    private static final int LONGEST_NUMBER = 1024;

    /** Python's None. */
    static final Object NONE = new Object() {
        @Override
        public String toString() {
            return "None";
        }
    };

    private static final Object MARK = new Object();

    /** The name of a class or function, which is never more than that. */
    record Global(String module, String name) {
        @Override
        public String toString() {
            return module + "." + name;
        }
    }

    /** A text that stands for a value of no further meaning here. */
    record Plain(String text) {
        @Override
        public String toString() {
            return text;
        }
    }

    /** A dictionary, or the attributes of an object. Keys of other than plain values are never equal. */
    static final class Dict {
        /** Whether these are attributes, which Python sets after it has made the object. */
        final boolean attributes;

        final Map<Object, Object> items = new LinkedHashMap<>(4);

        Dict(boolean attributes) {
            this.attributes = attributes;
        }

        void put(Object key, Object value) {
            items.put(key instanceof List<?> list ? tuple(list) : plain(key) ? key : new Object(), value);
        }

        private static Object tuple(List<?> list) {
            return list.size() < 8 && list.stream().allMatch(Dict::plain)
                    ? new Plain(list.stream().map(String::valueOf).collect(Collectors.joining(", ", "(", ")")))
                    : new Object();
        }

        private static boolean plain(Object key) {
            return key instanceof String
                    || key instanceof Number
                    || key instanceof Boolean
                    || key instanceof Plain
                    || key instanceof Global
                    || key == NONE;
        }
    }

    /** What the names in a pickle mean. */
    interface Types {
        /** Returns what a name stands for, or refuses it. */
        Object global(String module, String name);

        /** Returns what the call of a class or function gives, or refuses it. */
        Object call(Object function, List<?> arguments);

        /** Returns what the program that wrote the pickle left beside it. */
        Object persistent(Object id);
    }

    private final Cursor in;
    private final Types types;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();

    private Pickle(Cursor in, Types types) {
        this.in = in;
        this.types = types;
    }

    /**
     * Reads the next pickle.
     *
     * @throws IllegalArgumentException if it is damaged, names what is not allowed, or holds more than is read
     */
    static Object read(Cursor in, Types types) throws IOException {
        return new Pickle(in, types).read();
    }

    private Object read() throws IOException {
        for (int steps = 0; steps < MOST_STEPS; steps++) {
            int op = in.next();
            if (op == '.') {
                return pop();
            }
            step(op);
        }
        throw new IllegalArgumentException("its pickle has more than " + MOST_STEPS
                + " steps, which are too many for the weights of a net; save the tensors alone, by"
                + " torch.save(model.state_dict(), path)");
    }

    private static IllegalArgumentException wrong(String what) {
        return Opening.damaged("its pickle " + what);
    }

    // ---- the stack

    private void push(Object value) {
        stack.add(value);
    }

    private Object top() {
        if (stack.isEmpty() || stack.get(stack.size() - 1) == MARK) {
            throw wrong("takes more than it has put down");
        }
        return stack.get(stack.size() - 1);
    }

    private Object pop() {
        Object top = top();
        stack.remove(stack.size() - 1);
        return top;
    }

    /** All above the last mark, which goes too. */
    private List<Object> marked() {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw wrong("lacks a mark");
        }
        List<Object> above = stack.subList(mark + 1, stack.size());
        List<Object> all = new ArrayList<>(above);
        above.clear();
        stack.remove(mark);
        return all;
    }

    private List<Object> popped(int n) {
        List<Object> all = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            all.add(0, pop());
        }
        return all;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        if (value instanceof List<?> list) {
            return (List<Object>) list;
        }
        throw wrong("appends to what is no list");
    }

    private static Dict dict(Object value) {
        if (value instanceof Dict dict) {
            return dict;
        }
        throw wrong("sets items of what is no dictionary");
    }

    private static void put(Dict dict, List<Object> pairs) {
        if (pairs.size() % 2 != 0) {
            throw wrong("has a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            dict.put(pairs.get(i), pairs.get(i + 1));
        }
    }

    // ---- the input

    private byte[] bytes(long n) throws IOException {
        if (n < 0 || n > LONGEST_TEXT) {
            throw wrong("claims a text of " + Long.toUnsignedString(n) + " bytes");
        }
        return in.bytes(n);
    }

    private String text(long n) throws IOException {
        return new String(bytes(n), StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.next(); c != '\n'; c = in.next()) {
            if (line.length() == LONGEST_TEXT) {
                throw wrong("has a line without an end");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    private static Object number(String text) {
        try {
            return small(new BigInteger(text.endsWith("L") ? text.substring(0, text.length() - 1) : text));
        } catch (NumberFormatException e) {
            throw wrong("has the number " + InputFile.quoted(text));
        }
    }

    private static Object small(BigInteger n) {
        return n.bitLength() < 64 ? (Object) n.longValue() : n;
    }

    private Object number(long n) throws IOException {
        if (n < 0 || n > LONGEST_NUMBER) {
            throw wrong("claims a number of " + Long.toUnsignedString(n) + " bytes");
        }
        byte[] bytes = in.bytes(n);
        for (int a = 0, b = bytes.length - 1; a < b; a++, b--) { // the highest first
            byte first = bytes[a];
            bytes[a] = bytes[b];
            bytes[b] = first;
        }
        return n == 0 ? Long.valueOf(0) : small(new BigInteger(bytes));
    }

    /** A text of protocol 0, in which a backslash and u stand before the number of a character. */
    private String escaped() throws IOException {
        String line = line();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            int digits = line.startsWith("\\u", i) ? 4 : line.startsWith("\\U", i) ? 8 : 0;
            if (digits == 0) {
                text.append(line.charAt(i));
                continue;
            }
            try {
                text.appendCodePoint(Integer.parseInt(line, i + 2, i + 2 + digits, 16));
            } catch (RuntimeException e) { // too short, no digits, or no character
                throw wrong("has the text " + InputFile.quoted(line));
            }
            i += 1 + digits;
        }
        return text.toString();
    }

    private void remember(long key) {
        memo.put(key, top());
    }

    private Object remembered(long key) {
        Object value = memo.get(key);
        if (value == null) {
            throw wrong("asks for number " + key + ", which it has not kept");
        }
        return value;
    }

    private long key() throws IOException {
        return number(line()) instanceof Long key ? key : -1;
    }

    // ---- the steps

    private void step(int op) throws IOException {
        switch (op) {
            case 0x80 -> protocol(in.next());
            case 0x95 -> in.number(8); // a frame, which says only how much may be read ahead
            case '(' -> push(MARK);
            case '0' -> {
                if (!stack.isEmpty()) {
                    stack.remove(stack.size() - 1);
                }
            }
            case '1' -> marked();
            case '2' -> push(top());

            case 'N' -> push(NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.int32());
            case 'K' -> push(in.number(1));
            case 'M' -> push(in.number(2));
            case 0x8a -> push(number(in.number(1)));
            case 0x8b -> push(number(in.number(4)));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.number(8))));
            case 'I' -> {
                String text = line();
                push(text.equals("00") ? (Object) false : text.equals("01") ? (Object) true : number(text));
            }
            case 'L' -> push(number(line()));
            case 'F' -> push(floating(line()));

            case 'X' -> push(text(in.number(4)));
            case 0x8c -> push(text(in.number(1)));
            case 0x8d -> push(text(in.number(8)));
            case 'U' -> push(text(in.number(1)));
            case 'T' -> push(text(in.number(4)));
            case 'V' -> push(escaped());
            case 'S' -> push(unquoted(line()));
            case 'C' -> push(bytes(in.number(1)));
            case 'B' -> push(bytes(in.number(4)));
            case 0x8e, 0x96 -> push(bytes(in.number(8)));

            case ']', 0x8f, ')' -> push(new ArrayList<>(0));
            case 'l', 't', 0x91 -> push(marked());
            case 0x85 -> push(popped(1));
            case 0x86 -> push(popped(2));
            case 0x87 -> push(popped(3));
            case 'a' -> {
                Object item = pop();
                list(top()).add(item);
            }
            case 'e', 0x90 -> {
                List<Object> items = marked();
                list(top()).addAll(items);
            }
            case '}' -> push(new Dict(false));
            case 'd' -> {
                Dict dict = new Dict(false);
                put(dict, marked());
                push(dict);
            }
            case 's' -> {
                List<Object> pair = popped(2);
                put(dict(top()), pair);
            }
            case 'u' -> {
                List<Object> pairs = marked();
                put(dict(top()), pairs);
            }

            case 'p' -> remember(key());
            case 'q' -> remember(in.number(1));
            case 'r' -> remember(in.number(4));
            case 0x94 -> remember(memo.size());
            case 'g' -> push(remembered(key()));
            case 'h' -> push(remembered(in.number(1)));
            case 'j' -> push(remembered(in.number(4)));

            case 'c' -> push(types.global(line(), line()));
            case 0x93 -> {
                List<Object> names = popped(2);
                if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
                    throw wrong("has a class whose name is no text");
                }
                push(types.global(module, name));
            }
            case 'i' -> {
                Object type = types.global(line(), line());
                push(types.call(type, marked()));
            }
            case 'o' -> {
                List<Object> all = marked();
                if (all.isEmpty()) {
                    throw wrong("lacks the class of an object");
                }
                push(types.call(all.get(0), all.subList(1, all.size())));
            }
            case 'R', 0x81 -> {
                List<Object> call = popped(2);
                push(types.call(call.get(0), list(call.get(1))));
            }
            case 0x92 -> {
                List<Object> call = popped(3); // the last are arguments with names, which no type here has
                push(types.call(call.get(0), list(call.get(1))));
            }
            case 'b' -> {
                Object state = pop();
                build(top(), state);
            }
            case 'P' -> push(types.persistent(line()));
            case 'Q' -> push(types.persistent(pop()));
            default -> throw wrong(String.format("has the step 0x%02x, which is not known", op));
        }
    }

    private static void protocol(int version) {
        if (version > 5) {
            throw new IllegalArgumentException("its pickle has the protocol " + version
                    + " but 0 to 5 are read; save it with pickle_protocol=2, which is torch.save's own");
        }
    }

    private static Object floating(String text) {
        try {
            return Double.valueOf(text.equals("inf") ? "Infinity" : text.equals("-inf") ? "-Infinity" : text);
        } catch (NumberFormatException e) {
            if (text.equals("nan")) {
                return Double.NaN;
            }
            throw wrong("has the number " + InputFile.quoted(text));
        }
    }

    private static String unquoted(String text) {
        int n = text.length();
        if (n < 2 || "'\"".indexOf(text.charAt(0)) < 0 || text.charAt(n - 1) != text.charAt(0)) {
            throw wrong("has the text " + InputFile.quoted(text));
        }
        return text.substring(1, n - 1);
    }

    /** Sets attributes; those of tensors and dictionaries are none of their content. */
    private static void build(Object object, Object state) {
        if (!(object instanceof Dict dict) || !dict.attributes) {
            return;
        }
        // a pair has the attributes of the object's dictionary, then those of its slots
        for (Object part : state instanceof List<?> pair ? pair : List.of(state)) {
            if (part instanceof Dict values) {
                dict.items.putAll(values.items);
            }
        }
    }
}
