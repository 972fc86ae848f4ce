using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// Reads a time of the query in RFC 3339 format, with its offset. The framework's binder accepts many formats, and guesses
/// missing parts.
/// </summary>
internal sealed partial class TimeBinder : IModelBinder
{
    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        var name = bindingContext.ModelName;
        if (bindingContext.ValueProvider.GetValue(name).FirstValue is not { } text)
        {
            return Task.CompletedTask;
        }

        if (
            Rfc3339.IsMatch(text)
            && DateTimeOffset.TryParse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var time
            )
        )
        {
            bindingContext.Result = ModelBindingResult.Success(time);
        }
        else
        {
            bindingContext.ModelState.TryAddModelError(
                name,
                "must be a time such as 2026-02-03T04:05:06Z or 2026-02-03T05:05:06+01:00, in which a + is sent as %2B"
            );
        }

        return Task.CompletedTask;
    }

    [GeneratedRegex(
        @"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[-+][0-9]{2}:[0-9]{2})\z"
    )]
    private static partial Regex Rfc3339 { get; }
}

/// <summary>Makes <see cref="TimeBinder"/> read all times of queries.</summary>
internal sealed class TimeBinderProvider : IModelBinderProvider
{
    private static readonly TimeBinder Binder = new();

    public IModelBinder? GetBinder(ModelBinderProviderContext context) =>
        context.Metadata.UnderlyingOrModelType == typeof(DateTimeOffset) ? Binder : null;
}
