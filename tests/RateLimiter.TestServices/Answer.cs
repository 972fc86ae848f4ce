using System.Text.Json;
using System.Text.RegularExpressions;

namespace RateLimiter.TestServices;

/// <summary>A response of the service.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Text">The body.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Headers">All headers.</param>
public sealed partial record Answer(
    int Status,
    string Text,
    string? ContentType,
    IReadOnlyDictionary<string, string> Headers
)
{
    private const string Problem = "application/problem+json";

    /// <summary>The body as JSON.</summary>
    public JsonElement Body => JsonElement.Parse(Text);

    /// <summary>The member of that name of the body.</summary>
    public JsonElement this[string name] => Body.GetProperty(name);

    public bool Allowed => this["allowed"].GetBoolean();

    public long Remaining => this["remaining"].GetInt64();

    /// <summary>Whether it is a decision without the store.</summary>
    public bool IsDegraded =>
        Body.TryGetProperty("degraded", out var degraded) && degraded.GetBoolean();

    public string? Reason => this["reason"].GetString();

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var answer = new Answer(
            (int)response.StatusCode,
            // A stream has no end.
            response.Content.Headers.ContentType?.MediaType == EventReader.ContentType
                ? ""
                : await response.Content.ReadAsStringAsync(),
            response.Content.Headers.ContentType?.MediaType,
            response
                .Headers.Concat(response.Content.Headers)
                .ToDictionary(
                    header => header.Key,
                    header => string.Join(", ", header.Value),
                    StringComparer.OrdinalIgnoreCase
                )
        );
        if (answer.Status >= 400)
        {
            Assert.That(answer.Text, Does.Not.Match(Innards), "It discloses internals.");
        }

        return answer;
    }

    /// <summary>Asserts that it is a 200 with exactly this body, in any order of members.</summary>
    public void MustBe(string body)
    {
        Assert.That(Status, Is.EqualTo(200), Text);
        Assert.That(ContentType, Is.EqualTo("application/json"));
        Assert.That(
            JsonElement.DeepEquals(Body, JsonElement.Parse(body)),
            Is.True,
            $"Expected {body}, but it was {Text}"
        );
    }

    /// <summary>Asserts that it is a 200.</summary>
    public Answer MustBeOk() => MustBeStatus(200);

    /// <summary>Asserts that it has this status.</summary>
    public Answer MustBeStatus(int status)
    {
        Assert.That(Status, Is.EqualTo(status), Text);
        return this;
    }

    /// <summary>Asserts that it is a problem of RFC 9457.</summary>
    public void MustBeProblem(int status)
    {
        Assert.That(Status, Is.EqualTo(status), Text);
        Assert.That(ContentType, Is.EqualTo(Problem));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(this["status"].GetInt32(), Is.EqualTo(status));
            Assert.That(this["type"].GetString(), Is.Not.Empty);
            Assert.That(this["title"].GetString(), Is.Not.Empty);
            Assert.That(
                Body.TryGetProperty("detail", out var detail) ? detail.GetString() : null,
                Is.Not.Null.And.Not.Empty,
                $"The detail is missing in {Text}"
            );
            Assert.That(this["trace_id"].GetString(), Does.Match("^[0-9a-f]{32}$"));
        }
    }

    /// <summary>Asserts that it is a 400 that names exactly these fields.</summary>
    public void MustRefuse(params string[] fields)
    {
        MustBeProblem(400);
        var errors = this["errors"];
        Assert.That(
            errors.EnumerateObject().Select(error => error.Name),
            Is.EquivalentTo(fields),
            Text
        );
        Assert.That(
            errors.EnumerateObject().SelectMany(error => error.Value.EnumerateArray()),
            Has.All.Matches<JsonElement>(message => message.GetString() is { Length: > 0 })
        );
    }

    // CLR type names (but for the folder of a page's files), and patterns of stack traces.
    [GeneratedRegex(
        @"(?<!_content/|_content/RateLimiter\.Dashboard/)(System|Microsoft|RateLimiter|StackExchange|FluentValidation|MediatR|AutoMapper|Garnet)\.\w"
            + @"|Exception|\bInt(32|64)\b|\.cs\b|\bat \w+\.\w+"
    )]
    private static partial Regex Innards { get; }
}
