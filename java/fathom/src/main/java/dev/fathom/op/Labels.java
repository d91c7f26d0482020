package dev.fathom.op;

/**
 * The labels of ops that state none themselves. They are made once per class, as each call of a frozen net asks for
 * one.
 */
final class Labels {
    static final ClassValue<String> OF = new ClassValue<>() {
        @Override
        protected String computeValue(Class<?> op) {
            String name = op.getSimpleName();
            int end = name.endsWith("Op") ? name.length() - 2 : name.length();
            StringBuilder label = new StringBuilder();
            for (int i = 0; i < end; i++) { // no regular expression, which would delay a cold start
                boolean begins =
                        i > 0 && Character.isUpperCase(name.charAt(i)) && !Character.isUpperCase(name.charAt(i - 1));
                label.append(begins ? "_" : "").append(Character.toLowerCase(name.charAt(i)));
            }
            return label.isEmpty() ? "op" : label.toString();
        }
    };

    private Labels() {}
}
