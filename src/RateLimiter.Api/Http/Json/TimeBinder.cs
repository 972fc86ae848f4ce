using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace RateLimiter.Api.Http.Json;

/// <summary>Reads a time of the query by <see cref="TimeText"/>.</summary>
internal sealed class TimeBinder : IModelBinder
{
    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        var name = bindingContext.ModelName;
        if (bindingContext.ValueProvider.GetValue(name).FirstValue is not { } text)
        {
            return Task.CompletedTask;
        }

        if (TimeText.TryParse(text, out var time))
        {
            bindingContext.Result = ModelBindingResult.Success(time);
        }
        else
        {
            bindingContext.ModelState.TryAddModelError(
                name,
                $"{TimeText.Form}, in which a + is sent as %2B"
            );
        }

        return Task.CompletedTask;
    }
}

/// <summary>Makes <see cref="TimeBinder"/> read all times of queries.</summary>
internal sealed class TimeBinderProvider : IModelBinderProvider
{
    private static readonly TimeBinder Binder = new();

    public IModelBinder? GetBinder(ModelBinderProviderContext context) =>
        context.Metadata.UnderlyingOrModelType == typeof(DateTimeOffset) ? Binder : null;
}
