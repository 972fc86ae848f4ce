using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace RateLimiting.Client;

/// <summary>
/// Decides which requests are retried: never one that may have counted. After a timeout, a truncated response or a 503 it is
/// unknown whether a check has taken its permits; after a failed connection or a 429 it certainly has not. A 429 asks to wait
/// for seconds, though, which is too long for a check.
/// </summary>
internal static class RetryRules
{
    public static HttpRetryStrategyOptions For(RateLimiterClientOptions options) =>
        new()
        {
            MaxRetryAttempts = options.MaxRetries,
            Delay = options.RetryDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            // The Retry-After of a 429 is applied below; that of a 503 is ignored in favour of the usual delay.
            ShouldRetryAfterHeader = false,
            DelayGenerator = arguments =>
                ValueTask.FromResult(Wait(arguments.Outcome.Result, options)),
            ShouldHandle = arguments =>
                ValueTask.FromResult(
                    IsTriedAgain(arguments.Outcome, arguments.Context.GetRequestMessage()!, options)
                ),
        };

    private static bool IsTriedAgain(
        Outcome<HttpResponseMessage> outcome,
        HttpRequestMessage request,
        RateLimiterClientOptions options
    )
    {
        if (outcome.Result is { StatusCode: HttpStatusCode.TooManyRequests } refused)
        {
            return !CheckPaths.IsCheck(request) && Wait(refused, options) is not null;
        }

        // While the circuit breaker is open, a further attempt would not be sent either.
        if (outcome.Exception is Polly.CircuitBreaker.BrokenCircuitException)
        {
            return false;
        }

        return outcome.Exception is { } exception
            ? Failures.IsUnsent(exception)
                || (Failures.IsWithoutResponse(exception) && Failures.IsRepeatable(request))
            : Failures.IsOutage((int)outcome.Result!.StatusCode) && Failures.IsRepeatable(request);
    }

    /// <summary>The Retry-After of a 429, if it is not too long.</summary>
    private static TimeSpan? Wait(
        HttpResponseMessage? response,
        RateLimiterClientOptions options
    ) =>
        response
            is { StatusCode: HttpStatusCode.TooManyRequests, Headers.RetryAfter.Delta: { } wait }
        && wait <= options.MaxRetryAfter
            ? wait
            : null;
}
