using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Http.OpenApi;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>The header with a caller's idempotency key, and its documentation.</summary>
internal sealed class IdempotencyHeader : IOperationProcessor
{
    /// <summary>The header of a request.</summary>
    public const string Name = "Idempotency-Key";

    /// <summary>The header of an answer that was given before.</summary>
    public const string Replayed = "Idempotency-Replayed";

    private const string Meaning =
        "With the header `Idempotency-Key` (1 to 64 visible ASCII characters) a repetition within 10 minutes gets the same answer and takes nothing again; with other fields it is a 422.";

    /// <summary>Reads the key.</summary>
    /// <returns>The key, or null without one; and what is wrong with it, by the header's name.</returns>
    public static (string? Key, Dictionary<string, string[]>? Errors) Read(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(Name, out var values))
        {
            return (null, null);
        }

        var problem = values is [{ } key] ? IdempotencyKey.Problem(key) : "must be sent once";
        return problem is null
            ? (values[0], null)
            : (null, new Dictionary<string, string[]> { [Name] = [problem] });
    }

    /// <summary>Says that an answer was given before, when it was.</summary>
    public static void WriteTo(HttpResponse response, Decision decision)
    {
        if (decision.Kind == DecisionKind.Replayed)
        {
            response.Headers[Replayed] = "true";
        }
    }

    /// <summary>The error of a batch that has the header: its items have keys of their own.</summary>
    public static Dictionary<string, string[]>? Refusal(HttpRequest request) =>
        request.Headers.ContainsKey(Name)
            ? new() { [Name] = ["is not for batches; give items an idempotency_key"] }
            : null;

    // Not as a parameter: a generator puts optional headers before the body, which would change the calls of clients that are
    // generated again. The client of this project has it nevertheless (tools/RateLimiter.Clients).
    public bool Process(OperationProcessorContext context)
    {
        var operation = context.OperationDescription.Operation;
        operation.Description = $"{operation.Description}\n\n{Meaning}".TrimStart();
        operation
            .Responses["200"]
            .SetHeader(
                Replayed,
                "\"true\" when this is the answer to an earlier call with the same key."
            );
        return true;
    }
}
