using Microsoft.Net.Http.Headers;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;
using RateLimiter.Api.Http.OpenApi;

namespace RateLimiter.Api.Checks;

/// <summary>Names the headers that tell a decision.</summary>
internal sealed class DecisionHeaders : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var answer = context.OperationDescription.Operation.Responses["200"];
        AddTo(answer);
        AddWaitTo(answer);
        return true;
    }

    /// <summary>Names those of every decision.</summary>
    public static void AddTo(OpenApiResponse answer)
    {
        answer.SetHeader(
            "RateLimit-Policy",
            "Of each limit: at most q permits at once, which come back in w seconds; not when denied only because the store is away."
        );
        answer.SetHeader(
            "RateLimit",
            "Of each limit: r permits left, all back in t seconds; only where they were counted."
        );
    }

    /// <summary>Names the one of a denial.</summary>
    public static void AddWaitTo(OpenApiResponse answer) =>
        answer.SetHeader(
            HeaderNames.RetryAfter,
            "In how many seconds the same check passes; only when it was denied and a wait helps."
        );
}
