using System.Globalization;
using System.Text.Json;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Validation;
using NSwag;

namespace RateLimiter.TestServices;

/// <summary>The OpenAPI document, as read by a program that knows nothing else of the service.</summary>
/// <param name="Operations">Its operations.</param>
public sealed record ApiDocument(IReadOnlyList<ApiOperation> Operations)
{
    /// <summary>Loads it from a service.</summary>
    public static async Task<ApiDocument> ReadAsync(ApiClient visitor)
    {
        var text = (await visitor.GetAsync("/openapi.json")).MustBeOk().Text;
        var document = await OpenApiDocument.FromJsonAsync(text);
        return new ApiDocument([
            .. document.Operations.Select(operation => new ApiOperation(
                operation.Operation.OperationId,
                new HttpMethod(operation.Method.ToUpperInvariant()),
                operation.Path,
                operation.Operation
            )),
        ]);
    }
}

/// <summary>An operation of the document, with its examples.</summary>
public sealed record ApiOperation(
    string Id,
    HttpMethod Method,
    string Path,
    OpenApiOperation Operation
)
{
    /// <summary>
    /// Headers of any HTTP response, for caches, proxies and browsers, which are not part of the API.
    /// </summary>
    private static readonly string[] Everywhere =
    [
        "Cache-Control",
        "Connection",
        "Content-Length",
        "Content-Type",
        "Date",
        "Expires",
        "Pragma",
        "Server",
        "Transfer-Encoding",
        "Vary",
        "X-Accel-Buffering",
    ];

    public override string ToString() => $"{Method} {Path}";

    /// <summary>Whether it requires an API key.</summary>
    public bool NeedsKey => Operation.ActualSecurity is { Count: > 0 };

    /// <summary>Whether it takes a body.</summary>
    public bool TakesBody => Operation.RequestBody is not null;

    /// <summary>The example of the body, as JSON.</summary>
    public string? Body =>
        Operation.RequestBody?.Content["application/json"].Example is { } example
            ? Text(example)
            : null;

    /// <summary>The examples of the headers.</summary>
    public (string Name, string Value)[] Headers => HeadersWith();

    /// <summary>The examples of the headers, except the given ones; null omits one.</summary>
    public (string Name, string Value)[] HeadersWith(params (string Name, string? Value)[] given) =>
        [.. Parameters(OpenApiParameterKind.Header, given)];

    /// <summary>
    /// The path with the examples of its parameters, except the given ones; null omits one.
    /// </summary>
    public string Address(params (string Name, string? Value)[] given)
    {
        var path = Parameters(OpenApiParameterKind.Path, given)
            .Aggregate(
                Path,
                (path, it) => path.Replace($"{{{it.Name}}}", it.Value, StringComparison.Ordinal)
            );
        var query = string.Join(
            '&',
            Parameters(OpenApiParameterKind.Query, given)
                .Select(it => $"{it.Name}={Uri.EscapeDataString(it.Value)}")
        );
        return query.Length > 0 ? $"{path}?{query}" : path;
    }

    /// <summary>The example of a response; null when it has no body.</summary>
    public JsonElement? ExampleOf(Answer answer) =>
        ContentOf(answer)?.Example is { } example ? JsonElement.Parse(Text(example)) : null;

    /// <summary>Asserts that the document describes this response.</summary>
    public void MustAllow(Answer answer)
    {
        Assert.That(
            Operation.ActualResponses.Keys,
            Does.Contain(Status(answer)),
            $"{this}: {answer.Status} {answer.Text}"
        );
        Assert.That(
            answer.Headers.Keys.Except(Everywhere, StringComparer.OrdinalIgnoreCase),
            Is.SubsetOf(Operation.ActualResponses[Status(answer)].Headers.Keys),
            $"{this}: {answer.Status} has headers that are not documented"
        );
        if (ContentOf(answer) is not { } content)
        {
            Assert.That(answer.Text, Is.Empty, $"{this}: a body that is not documented");
            return;
        }

        var errors = new JsonSchemaValidator().Validate(
            answer.Text,
            content.Schema.ActualSchema,
            SchemaType.OpenApi3
        );
        Assert.That(
            errors.Select(error => error.ToString()),
            Is.Empty,
            $"{this} does not match its schema: {answer.Text}"
        );
    }

    private OpenApiMediaType? ContentOf(Answer answer)
    {
        var contents = Operation.ActualResponses[Status(answer)].Content;
        if (contents.Count == 0)
        {
            return null;
        }

        Assert.That(
            contents.Keys,
            Does.Contain(answer.ContentType),
            $"{this}: {answer.Status} {answer.Text}"
        );
        return contents[answer.ContentType!];
    }

    private IEnumerable<(string Name, string Value)> Parameters(
        OpenApiParameterKind kind,
        (string Name, string? Value)[] given
    ) =>
        from parameter in Operation.ActualParameters
        where parameter.Kind == kind
        let own = given.Where(it => it.Name == parameter.Name).ToList()
        let value = own is [var it] ? it.Value
        : parameter.Example is { } example ? TextOfParameter(example)
        : null
        where value is not null
        select (parameter.Name, value);

    // The parser would read a time-like string as a time.
    private static string TextOfParameter(object? example) =>
        example is DateTime time
            ? time.ToString("O", CultureInfo.InvariantCulture)
            : Convert.ToString(example, CultureInfo.InvariantCulture)!;

    private static string Status(Answer answer) =>
        answer.Status.ToString(CultureInfo.InvariantCulture);

    private static string Text(object example) =>
        (example as JToken ?? JToken.FromObject(example)).ToString();
}
