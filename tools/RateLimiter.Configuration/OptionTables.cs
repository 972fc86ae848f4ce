using System.Globalization;

namespace RateLimiter.Configuration;

/// <summary>A table of options for each section, under its heading.</summary>
internal static class OptionTables
{
    private const string None = "–";

    /// <summary>Writes them in the order of the sections.</summary>
    public static string Write(IReadOnlyList<OptionSection> sections)
    {
        var comments = new Comments(sections);
        return string.Join('\n', sections.Select(section => Write(section, comments)));
    }

    private static string Write(OptionSection section, Comments comments) =>
        $"""
            ### {section.Name}

            {comments.Of(section.Type)}

            | variable | default | bounds | meaning |
            |---|---|---|---|
            {string.Join('\n', section.Options.Select(option => Row(option, comments)))}

            """;

    private static string Row(ServiceOption option, Comments comments)
    {
        var meaning = comments.Of(option.Property).Replace("|", @"\|", StringComparison.Ordinal);
        return $"| `{option.Variable}` | {Default(option)} | {Bounds(option)} | {meaning} |";
    }

    private static string Default(ServiceOption option) =>
        option.Default.Length == 0 ? None : $"`{option.Default}`";

    private static string Bounds(ServiceOption option)
    {
        if (option.Bounds is { Min: var min, Max: var max })
        {
            return string.Create(CultureInfo.InvariantCulture, $"{min:N0}–{max:N0}");
        }

        var choices = option.Choices.Select(choice => $"`{choice.Text}`").ToList();
        return choices.Count == 0 ? None : string.Join(", ", choices);
    }
}
