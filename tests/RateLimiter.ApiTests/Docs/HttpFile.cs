using System.Globalization;
using System.Text.RegularExpressions;

namespace RateLimiter.ApiTests.Docs;

/// <summary>A file of requests as editors send them: <c>RateLimiter.http</c>.</summary>
/// <param name="Requests">Its requests, in order.</param>
public sealed partial record HttpFile(IReadOnlyList<HttpFileRequest> Requests)
{
    /// <summary>Parses it.</summary>
    /// <param name="host">The replacement for its host.</param>
    public static async Task<HttpFile> ReadAsync(Uri host)
    {
        var text = await File.ReadAllTextAsync(RepositoryFile.Of("RateLimiter.http"));
        var variables = Variables()
            .Matches(text)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        Assert.That(variables.Keys, Does.Contain("host"));
        variables["host"] = host.GetLeftPart(UriPartial.Authority);
        return new HttpFile([
            // The text before the first ### is not a request.
            .. Separators()
                .Split(text)
                .Skip(1)
                .Select(part =>
                    HttpFileRequest.Read(
                        References()
                            .Replace(
                                part,
                                match =>
                                    variables.GetValueOrDefault(match.Groups[1].Value, match.Value)
                            )
                    )
                ),
        ]);
    }

    [GeneratedRegex(@"^@(\w+) = (.+?)\r?$", RegexOptions.Multiline)]
    private static partial Regex Variables();

    [GeneratedRegex(@"^### *", RegexOptions.Multiline)]
    private static partial Regex Separators();

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex References();
}

/// <summary>A request of the file. References to responses of other requests are not resolved yet.</summary>
public sealed partial record HttpFileRequest(
    string Title,
    string? Name,
    HttpMethod Method,
    string Address,
    IReadOnlyList<(string Name, string Value)> Headers,
    string? Body
)
{
    /// <summary>The status that its title names; null for any 2xx.</summary>
    public int? Status =>
        AnswersStatus().Match(Title) is { Success: true } match
            ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : null;

    /// <summary>The path, without the query.</summary>
    public string Path => new Uri(Address).AbsolutePath;

    public override string ToString() => $"{Method} {Address}";

    /// <summary>Parses the text between two ###: title, name, request line, headers, body.</summary>
    public static HttpFileRequest Read(string text)
    {
        var parts = text.ReplaceLineEndings("\n").Trim().Split("\n\n", 2);
        var lines = parts[0].Split('\n');
        var name = lines.FirstOrDefault(line =>
            line.StartsWith("# @name ", StringComparison.Ordinal)
        );
        var head = lines.Skip(1).Where(line => !line.StartsWith('#')).ToList();
        var (method, address) = Split(head[0], ' ');
        return new HttpFileRequest(
            lines[0],
            name?["# @name ".Length..],
            new HttpMethod(method),
            address,
            [.. head.Skip(1).Select(line => Split(line, ':'))],
            parts.Length > 1 ? parts[1] : null
        );
    }

    /// <summary>The same with the references to responses of named requests resolved.</summary>
    public HttpFileRequest With(IReadOnlyDictionary<string, Answer> answers)
    {
        return this with
        {
            Address = Fill(Address),
            Headers = [.. Headers.Select(header => (header.Name, Fill(header.Value)))],
            Body = Body is null ? null : Fill(Body),
        };

        string Fill(string text) =>
            ResponseReferences()
                .Replace(
                    text,
                    match => answers[match.Groups[1].Value][match.Groups[2].Value].GetString()!
                );
    }

    private static (string, string) Split(string line, char separator)
    {
        var at = line.IndexOf(separator, StringComparison.Ordinal);
        return (line[..at], line[(at + 1)..].Trim());
    }

    [GeneratedRegex(@"Answers (\d{3})")]
    private static partial Regex AnswersStatus();

    [GeneratedRegex(@"\{\{(\w+)\.response\.body\.\$\.(\w+)\}\}")]
    private static partial Regex ResponseReferences();
}
