using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>What the files of the embedded store must contain, as a file beside them.</summary>
/// <remarks>
/// Its lines are a title; <c>compacting</c> during a compaction; a hash, a length and a name for each file, the log's
/// newest segment last; the hash of all these lines.
/// </remarks>
/// <param name="IsCompacting">Whether files are being replaced.</param>
/// <param name="Sums">The checksum of each file by its name, the log's newest segment last.</param>
internal sealed record ChecksumFile(
    bool IsCompacting,
    IReadOnlyList<KeyValuePair<string, Checksum>> Sums
)
{
    /// <summary>Its name in the data directory.</summary>
    public const string Name = "checksums";

    private const string Title = "ratelimiter checksums 1";
    private const string Compacting = "compacting";

    /// <summary>Reads the text of the file.</summary>
    /// <returns>Null when it is damaged.</returns>
    public static ChecksumFile? Parse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (
            lines.Length < 3
            || lines[0] != Title
            || HashOf(string.Join('\n', lines[..^1]) + "\n") != lines[^1]
        )
        {
            return null;
        }

        var isCompacting = lines[1] == Compacting;
        return new ChecksumFile(
            isCompacting,
            [.. lines[(isCompacting ? 2 : 1)..^1].Select(line => ParseLine(line.Split(' ', 3)))]
        );
    }

    /// <summary>Writes the file. The old one stays in place until the new one is complete.</summary>
    public void Write(string path)
    {
        var written = path + ".new";
        using (
            var file = new FileStream(
                written,
                FileMode.Create,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 0,
                FileOptions.WriteThrough
            )
        )
        {
            file.Write(Encoding.UTF8.GetBytes(ToText()));
        }

        File.Move(written, path, overwrite: true);
    }

    /// <summary>The text of the file.</summary>
    public string ToText()
    {
        var text = new StringBuilder(Title).Append('\n');
        if (IsCompacting)
        {
            text.Append(Compacting).Append('\n');
        }

        foreach (var (name, sum) in Sums)
        {
            text.Append(CultureInfo.InvariantCulture, $"{sum.Hash} {sum.Length} {name}\n");
        }

        return text.Append(HashOf(text.ToString())).Append('\n').ToString();
    }

    private static KeyValuePair<string, Checksum> ParseLine(string[] parts) =>
        new(parts[2], new Checksum(int.Parse(parts[1], CultureInfo.InvariantCulture), parts[0]));

    private static string HashOf(string text) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
