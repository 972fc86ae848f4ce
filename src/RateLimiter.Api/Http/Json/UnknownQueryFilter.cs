using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Errors;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// Rejects parameters that the operation does not know: if a mistyped one were ignored, a deletion or a filter would mean
/// something other than the caller intends.
/// </summary>
internal sealed class UnknownQueryFilter : IResourceFilter
{
    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        // Most requests have no query, and should not pay for the lookup.
        if (
            !context.HttpContext.Request.QueryString.HasValue
            || context.ActionDescriptor.EndpointMetadata.OfType<AnyQueryAttribute>().Any()
        )
        {
            return;
        }

        var query = context.HttpContext.Request.Query;
        var known = context
            .ActionDescriptor.Parameters.Where(parameter =>
                parameter.BindingInfo?.BindingSource == BindingSource.Query
            )
            .Select(parameter => parameter.BindingInfo?.BinderModelName ?? parameter.Name)
            .ToHashSet(StringComparer.Ordinal);
        var prefix = context
            .ActionDescriptor.EndpointMetadata.OfType<QueryPrefixAttribute>()
            .FirstOrDefault()
            ?.Prefix;
        var errors = new ModelStateDictionary();
        foreach (var (name, values) in query)
        {
            if (
                !known.Contains(name)
                && (prefix is null || !name.StartsWith(prefix, StringComparison.Ordinal))
            )
            {
                errors.AddModelError(name, "is unknown");
            }
            else if (values.Count > 1)
            {
                errors.AddModelError(name, "must be given only once");
            }
        }

        if (!errors.IsValid)
        {
            context.Result = ProblemResponse.Validation(context.HttpContext, errors);
        }
    }

    public void OnResourceExecuted(ResourceExecutedContext context) { }
}
