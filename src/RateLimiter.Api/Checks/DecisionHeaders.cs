using Microsoft.Net.Http.Headers;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Http.OpenApi;

namespace RateLimiter.Api.Checks;

/// <summary>Documents the response headers that carry a decision.</summary>
internal sealed class DecisionHeaders : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var answer = context.OperationDescription.Operation.Responses["200"];
        AddTo(answer);
        AddWaitTo(answer);
        return true;
    }

    /// <summary>Documents the headers of every decision.</summary>
    public static void AddTo(OpenApiResponse answer)
    {
        answer.SetHeader(
            "RateLimit-Policy",
            "For each limit: a quota of q permits, replenished within w seconds; absent when denied only because the store is unavailable, and when an override blocks or is unlimited."
        );
        answer.SetHeader(
            "RateLimit",
            "For each limit: r permits remaining, all replenished in t seconds; only where they were counted."
        );
    }

    /// <summary>Documents the header of a denial.</summary>
    public static void AddWaitTo(OpenApiResponse answer) =>
        answer.SetHeader(
            HeaderNames.RetryAfter,
            "Seconds until the same check passes; only on a denial that waiting resolves."
        );
}
